/* From a window of device counts to the model's int8 input, in fixed point.
 *
 * The numbers are those of the pack's preprocessing contract to within a rounding of int8. A window is a block: int32
 * samples with one common exponent, shifted before each step so that it keeps as many bits as the step leaves room for.
 * Every buffer is given by the caller; no loop is longer than a window times a filter's length.
 *
 * Two's complement is taken for granted: a negative number is shifted right with its sign, and a cast keeps low bits.
 */
#ifndef ANYECG_PREPROCESS_H
#define ANYECG_PREPROCESS_H

#include <stdint.h>

/* The whole contract; anyecg_contract.c has it and its constants, and says how large `window` must be.
 *
 * window: device counts, destroyed.
 * input: may begin at the start of `window` or anywhere before it, or lie wholly outside. It must not begin inside.
 */
void anyecg_preprocess(int32_t *window, int8_t *input);

/* Samples with a common exponent: counts = x * 2^-exponent. */
typedef struct {
  int32_t *x;
  uint32_t n;
  int32_t exponent;
} anyecg_block_t;

/* mantissa * 2^exponent; the mantissa's highest bit is set, but for 0. */
typedef struct {
  uint32_t mantissa;
  int32_t exponent;
} anyecg_number_t;

/* Subtracts `origin`, then shifts the block so that its largest magnitude is just below 2^bits. */
void anyecg_normalise(anyecg_block_t *block, int32_t origin, int32_t bits);

/* A linear-phase low-pass for rates in the ratio up : down; half of its taps, the middle one first. */
typedef struct {
  const int16_t *taps;
  uint32_t last; /* index of the outermost tap, in steps of the common multiple of both rates */
  uint32_t up;
  uint32_t down;
  uint32_t reach; /* in samples of the input */
  uint32_t mask;  /* of the ring, whose length is a power of 2 and at least 2 * reach + 1 */
  int32_t shift;  /* taps are scaled by 2^shift */
} anyecg_resampler_t;

/* Resamples to n samples in place; x must have room for the more of both. The ends are held. */
void anyecg_resample(anyecg_block_t *block, const anyecg_resampler_t *resampler, uint32_t n, int32_t *ring);

/* y[i] = b0 x[i] + b1 x[i-1] + b2 x[i-2] + a1 y[i-1] + a2 y[i-2], coefficients times 2^30. */
typedef struct {
  int32_t b0;
  int32_t b1;
  int32_t b2;
  int32_t a1;
  int32_t a2;
} anyecg_section_t;

typedef struct {
  const anyecg_section_t *sections;
  uint32_t n_sections;
  uint32_t pad;             /* samples of odd extension at both ends, fewer than the window has */
  uint32_t passes_constant; /* 1 where the gain at 0 Hz is 1, 0 where it is 0 */
  int32_t bits;             /* of the input, so that no section overflows */
} anyecg_filter_t;

/* Forwards and backwards, both from the state of rest on the first sample (scipy.signal.filtfilt).
 * scratch: 2 * pad samples. */
void anyecg_filtfilt(anyecg_block_t *block, const anyecg_filter_t *filter, int32_t *scratch);

/* Subtracts the running median of 2 * half + 1 samples, zeros beyond the ends.
 * sorted: 2 * half + 1 samples of scratch; past: half + 1. */
void anyecg_subtract_median(anyecg_block_t *block, uint32_t half, int32_t *sorted, int32_t *past);

/* Standard deviation, counts; `mean` in the block's own unit. At most 32768 samples. */
anyecg_number_t anyecg_deviation(anyecg_block_t *block, int32_t *mean);

/* Median over stretches of `size` samples of highest less lowest, counts; what is left counts with the last one.
 * scratch: a sample for each stretch. */
anyecg_number_t anyecg_median_swing(anyecg_block_t *block, uint32_t size, int32_t *scratch);

anyecg_number_t anyecg_sum(anyecg_number_t a, anyecg_number_t b);
anyecg_number_t anyecg_larger(anyecg_number_t a, anyecg_number_t b);
anyecg_number_t anyecg_quotient(anyecg_number_t a, anyecg_number_t b); /* b not 0 */

/* input[i] = zero + round((x[i] - mean) * steps), halves away from zero; steps per count. */
void anyecg_quantise(const anyecg_block_t *block, int32_t mean, anyecg_number_t steps, int32_t zero, int8_t *input);

/* The same of a rising odd function: thresholds[k] is the least |x[i] - mean| * scale that gives k + 1 steps. */
void anyecg_quantise_curve(const anyecg_block_t *block, int32_t mean, anyecg_number_t scale, int32_t zero,
                           const uint32_t *thresholds, uint32_t n_thresholds, int8_t *input);

#endif
