#include "anyecg_pad.h"

#include <string.h>

void anyecg_pad(const anyecg_pad_t *pad, const int8_t *x, int8_t *y) {
  const uint32_t row = (uint32_t)pad->channels_before + pad->channels + pad->channels_after;
  int8_t *const first = &y[pad->rows_before * row];
  (void)memset(&first[pad->width * row], pad->fill, pad->rows_after * row);
  for (uint32_t p = pad->width; p > 0U; p--) {
    int8_t *const to = &first[(p - 1U) * row];
    (void)memmove(&to[pad->channels_before], &x[(p - 1U) * pad->channels], pad->channels);
    (void)memset(to, pad->fill, pad->channels_before);
    (void)memset(&to[pad->channels_before + pad->channels], pad->fill, pad->channels_after);
  }
  (void)memset(y, pad->fill, pad->rows_before * row);
}
