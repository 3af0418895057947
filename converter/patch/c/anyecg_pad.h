/* PAD: rows before and after, and channels before and after those of each row, all filled with one value. */
#ifndef ANYECG_PAD_H
#define ANYECG_PAD_H

#include <stdint.h>

typedef struct {
  uint16_t width; /* of the input */
  uint16_t channels;
  uint16_t rows_before;
  uint16_t rows_after;
  uint16_t channels_before;
  uint16_t channels_after;
  int8_t fill;
} anyecg_pad_t;

/* y may begin where x begins, or later: rows are moved from the last to the first. */
void anyecg_pad(const anyecg_pad_t *pad, const int8_t *x, int8_t *y);

#endif
