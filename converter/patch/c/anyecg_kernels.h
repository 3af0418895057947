/* int8 kernels along time with the numbers of TFLite Micro, bit for bit: the same rounding, twice, of every product.
 *
 * A tensor is [width][channels] in row order. SAME padding is part of the input: whoever calls has filled what lies
 * before and behind it with the input's zero point, and passes a pointer to the first padded row. Zero points of inputs
 * of convolutions are folded into their bias. Plain C, DSP (SMLAD) and MVE variants are chosen at compile time and give
 * the same numbers.
 *
 * Overlap: a convolution, a depthwise convolution and a maximum may write over what they read. When row p of the output
 * is written, the windows of rows p - 3 and later may still be read, those before no more. Element by element kernels
 * may write where they read (y == x). No other overlap is allowed.
 */
#ifndef ANYECG_KERNELS_H
#define ANYECG_KERNELS_H

#include <stdint.h>

#define ANYECG_ROWS_AT_ONCE 4 /* the most rows of output a kernel may have in work */

/* From a product of quantised values to the output's scale: multiplier * 2^(shift - 31), shift from -31 to 30.
 * Every multiplier but that of a mean is 2^30 or more, as TFLite's QuantizeMultiplier gives it; where that gives 0, which
 * is a scale that lets nothing through, 2^30 with the shift -31 gives the same numbers. */
typedef struct {
  int32_t multiplier;
  int32_t shift; /* left where positive */
} anyecg_rescale_t;

/* The range of an output: its zero point and, for a fused activation, the lowest and the highest value. */
typedef struct {
  int16_t zero;
  int8_t lowest;
  int8_t highest;
} anyecg_range_t;

/* CONV_2D and FULLY_CONNECTED (width 1, kernel 1). */
typedef struct {
  const int8_t *weights;     /* [channels_out][kernel][channels_in / groups] */
  const int32_t *bias;       /* [channels_out], input zero point folded in */
  const int32_t *multiplier; /* [channels_out] */
  const int8_t *shift;       /* [channels_out] */
  uint16_t width_out;
  uint16_t channels_in; /* of the whole input */
  uint16_t channels_out;
  uint16_t groups;
  uint8_t kernel;
  uint8_t stride;
  anyecg_range_t range;
} anyecg_conv_t;

/* scratch: ANYECG_CONV_SCRATCH(kernel * channels_in / groups) bytes, aligned to 8: the windows of the rows in work. */
#define ANYECG_CONV_SCRATCH(row_elements) (2U * ANYECG_ROWS_AT_ONCE * (((row_elements) + 3U) & ~3U))
void anyecg_conv(const anyecg_conv_t *conv, const int8_t *x, int8_t *y, int16_t *scratch);

/* DEPTHWISE_CONV_2D with depth multiplier 1: weights [kernel][channels], groups and channels_out unused. */
void anyecg_depthwise(const anyecg_conv_t *conv, const int8_t *x, int8_t *y);

/* MEAN over the width, [width][channels] -> [channels]. */
void anyecg_mean(const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in,
                 anyecg_rescale_t rescale, anyecg_range_t range);

/* MAX_POOL_2D, VALID or padded by the caller with -128. */
void anyecg_max(const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
                anyecg_range_t range);

/* y[i] = table[x[i] + 128]: LOGISTIC, and whatever else is a function of one int8. */
void anyecg_table(const int8_t *x, int8_t *y, const int8_t table[256], uint32_t n);

/* MUL of equal shapes, and of every row of `a` with one row. */
typedef struct {
  int16_t zero_a;
  int16_t zero_b;
  anyecg_rescale_t rescale;
  anyecg_range_t range;
} anyecg_mul_t;
void anyecg_mul(const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n);
void anyecg_mul_rows(const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width,
                     uint16_t channels);

/* ADD of equal shapes: inputs are rescaled to a common scale first, shifted left by 20. */
typedef struct {
  int16_t zero_a;
  int16_t zero_b;
  anyecg_rescale_t rescale_a;
  anyecg_rescale_t rescale_b;
  anyecg_rescale_t rescale_sum;
  anyecg_range_t range;
} anyecg_add_t;
void anyecg_add(const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n);

#endif
