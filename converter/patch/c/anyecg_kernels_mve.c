/* The kernels with Helium, the vector instructions of Cortex-M55 and M85.
 *
 * A convolution takes four positions at once: sixteen weights meet the four windows where they lie, and the four sums
 * are rescaled in one vector. What would reach past an end is predicated away, so that nothing is read there.
 *
 * The core's start-up code has switched the vector unit on (CPACR) and left FPSCR.LTPSIZE at 4, as the architecture asks
 * of it before any loop with tail predication.
 */
#include "anyecg_kernels_inside.h"

#ifdef ANYECG_VARIANT_MVE

#include <arm_mve.h>
#include <stdbool.h>

#define POSITIONS ANYECG_ROWS_AT_ONCE
#define LANES 4U /* of 32 bits */
#define BYTES 16U

/* anyecg_rescaled() of four values, each with its own multiplier and shift. Subtracting one from negative values sends
 * their halves down, away from zero, where the shift would send them up; but not where nothing is shifted. */
static inline int32x4_t anyecg_rescaled_each(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t left = vmaxq_s32(shift, vdupq_n_s32(0));
  const int32x4_t right = vminq_s32(shift, vdupq_n_s32(0));
  const int32x4_t high = vqrdmulhq_s32(vshlq_s32(x, left), multiplier);
  const int32x4_t away = vshrq_n_s32(vandq_s32(high, right), 31);
  return vrshlq_s32(vaddq_s32(high, away), right);
}

/* The same with one multiplier and shift for all. */
static inline int32x4_t anyecg_rescaled_all(int32x4_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = (shift > 0) ? shift : 0;
  const int32_t right = (shift > 0) ? 0 : shift;
  const int32x4_t high = vqrdmulhq_n_s32(vshlq_r_s32(x, left), multiplier);
  const int32x4_t away = vshrq_n_s32(vandq_s32(high, vdupq_n_s32(right)), 31);
  return vrshlq_n_s32(vaddq_s32(high, away), right);
}

/* A range in vectors, and back to int8's range from an output's scale. */
typedef struct {
  int32x4_t lowest;
  int32x4_t highest;
  int32_t zero;
} anyecg_limits_t;

static inline anyecg_limits_t anyecg_limits(anyecg_range_t range) {
  const anyecg_limits_t limits = {vdupq_n_s32(range.lowest), vdupq_n_s32(range.highest), range.zero};
  return limits;
}

static inline int32x4_t anyecg_within_all(int32x4_t value, anyecg_limits_t limits) {
  return vminq_s32(vmaxq_s32(vaddq_n_s32(value, limits.zero), limits.lowest), limits.highest);
}

/* Weights meet four windows, sixteen bytes at a time, until the loop has counted its elements down. */
#define FOUR_WINDOWS(count, load)            \
  __asm volatile("dlstp." count " lr, %[n]\n" \
                 "1: " load " q0, [%[w]], #16\n\t"  \
                 load " q1, [%[x0]], #16\n\t"       \
                 "vmladava.s8 %[a], q0, q1\n\t"    \
                 load " q1, [%[x1]], #16\n\t"       \
                 "vmladava.s8 %[b], q0, q1\n\t"    \
                 load " q1, [%[x2]], #16\n\t"       \
                 "vmladava.s8 %[c], q0, q1\n\t"    \
                 load " q1, [%[x3]], #16\n\t"       \
                 "vmladava.s8 %[d], q0, q1\n\t"    \
                 "letp lr, 1b"                      \
                 : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [w] "+r"(w), [x0] "+r"(x0), \
                   [x1] "+r"(x1), [x2] "+r"(x2), [x3] "+r"(x3)                                          \
                 : [n] "r"(n)                                                                            \
                 : "q0", "q1", "lr", "memory")

/* sums[position] = bias + the weights on the window of that position; where all lies at whole words, word by word. */
static inline int32x4_t anyecg_four_sums(const int8_t *const window[POSITIONS], const int8_t *w, uint32_t n,
                                         int32_t bias, bool words) {
  const int8_t *x0 = window[0];
  const int8_t *x1 = window[1];
  const int8_t *x2 = window[2];
  const int8_t *x3 = window[3];
  int32_t a = bias;
  int32_t b = bias;
  int32_t c = bias;
  int32_t d = bias;
  if (words) {
    n /= 4U;
    FOUR_WINDOWS("32", "vldrw.32");
  } else {
    FOUR_WINDOWS("8", "vldrb.8");
  }
  int32x4_t sums = vdupq_n_s32(a);
  sums = vsetq_lane_s32(b, sums, 1);
  sums = vsetq_lane_s32(c, sums, 2);
  return vsetq_lane_s32(d, sums, 3);
}

/* The windows of a group at four positions: where they lie, or one after the other in the scratch memory. The last of
 * `rows` stands for those that are missing. */
static void anyecg_windows(const anyecg_conv_t *conv, const int8_t *x, int8_t *scratch, uint32_t rows,
                           const int8_t *window[POSITIONS]) {
  const uint32_t channels = (uint32_t)conv->channels_in / conv->groups;
  for (uint32_t position = 0; position < POSITIONS; position++) {
    window[position] = x;
    if (conv->groups > 1U) {
      window[position] = scratch;
      for (uint32_t tap = 0; tap < conv->kernel; tap++) {
        __builtin_memcpy(scratch, &x[tap * conv->channels_in], channels);
        scratch += channels;
      }
    }
    if ((position + 1U) < rows) {
      x += (uint32_t)conv->stride * conv->channels_in;
    }
  }
}

/* `outputs` channels from `c` on, of four positions; `offsets` lead from the first one's output to each. */
static void anyecg_conv_channels(const anyecg_conv_t *conv, uint32_t c, uint32_t outputs,
                                 const int8_t *const window[POSITIONS], int8_t *y, uint32x4_t offsets) {
  const uint32_t n = ((uint32_t)conv->channels_in / conv->groups) * conv->kernel;
  const anyecg_limits_t limits = anyecg_limits(conv->range);
  const int8_t *w = &conv->weights[c * n];
  const int32_t *bias = &conv->bias[c];
  const int32_t *multiplier = &conv->multiplier[c];
  const int8_t *shift = &conv->shift[c];
  const int8_t *const end = &y[c + outputs];
  const bool words = ((n | (uintptr_t)w | (uintptr_t)window[0] | (uintptr_t)window[1]) % 4U) == 0U;
  for (y = &y[c]; y < end; y++) {
    const int32x4_t sums = anyecg_four_sums(window, w, n, *bias, words);
    const int32x4_t scaled = anyecg_rescaled_all(sums, *multiplier, *shift);
    vstrbq_scatter_offset_s32(y, offsets, anyecg_within_all(scaled, limits));
    w += n;
    bias++;
    multiplier++;
    shift++;
  }
}

void anyecg_conv(const anyecg_conv_t *conv, const int8_t *x, int8_t *y, int16_t *scratch) {
  const uint32_t per_group = (uint32_t)conv->channels_in / conv->groups;
  const uint32_t outputs = (uint32_t)conv->channels_out / conv->groups;
  for (uint32_t p = 0; p < conv->width_out; p += POSITIONS) {
    const uint32_t left = conv->width_out - p;
    const uint32_t rows = (left < POSITIONS) ? left : POSITIONS;
    const uint32x4_t position = vminq_u32(vidupq_n_u32(0U, 1), vdupq_n_u32(rows - 1U));
    const uint32x4_t offsets = vmulq_n_u32(position, conv->channels_out);
    for (uint32_t group = 0; group < conv->groups; group++) {
      const int8_t *window[POSITIONS];
      anyecg_windows(conv, &x[group * per_group], (int8_t *)(void *)scratch, rows, window);
      anyecg_conv_channels(conv, group * outputs, outputs, window, y, offsets);
    }
    x += POSITIONS * (uint32_t)conv->stride * conv->channels_in;
    y += rows * conv->channels_out;
  }
}

/* `rows` positions of four channels, or as many as are there. */
static inline void anyecg_four_deep(const anyecg_conv_t *conv, uint32_t c, const int8_t *x, int8_t *y, uint32_t rows) {
  const uint32_t channels = conv->channels_in;
  const uint32_t step = (uint32_t)conv->stride * channels;
  const mve_pred16_t there = vctp32q(channels - c);
  const anyecg_limits_t limits = anyecg_limits(conv->range);
  const int32x4_t bias = vldrwq_z_s32(&conv->bias[c], there);
  const int32x4_t multiplier = vldrwq_z_s32(&conv->multiplier[c], there);
  const int32x4_t shift = vldrbq_z_s32(&conv->shift[c], there);
  for (; rows > 0U; rows--) {
    const int8_t *in = x;
    const int8_t *w = &conv->weights[c];
    int32x4_t sums = bias;
    for (uint32_t tap = conv->kernel; tap > 0U; tap--) {
      sums = vaddq_s32(sums, vmulq_s32(vldrbq_z_s32(in, there), vldrbq_z_s32(w, there)));
      in += channels;
      w += channels;
    }
    vstrbq_p_s32(y, anyecg_within_all(anyecg_rescaled_each(sums, multiplier, shift), limits), there);
    x += step;
    y += channels;
  }
}

void anyecg_depthwise(const anyecg_conv_t *conv, const int8_t *x, int8_t *y) {
  const uint32_t channels = conv->channels_in;
  for (uint32_t p = 0; p < conv->width_out; p += POSITIONS) {
    const uint32_t left = conv->width_out - p;
    const uint32_t rows = (left < POSITIONS) ? left : POSITIONS;
    for (uint32_t c = 0; c < channels; c += LANES) {
      anyecg_four_deep(conv, c, &x[c], &y[c], rows);
    }
    x += POSITIONS * (uint32_t)conv->stride * channels;
    y += rows * channels;
  }
}

void anyecg_mean(const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in,
                 anyecg_rescale_t rescale, anyecg_range_t range) {
  const uint32_t end = (uint32_t)width * channels;
  for (uint32_t c = 0; c < channels; c += LANES) {
    const mve_pred16_t there = vctp32q(channels - c);
    int32x4_t sums = vdupq_n_s32(-zero_in * (int32_t)width);
    for (uint32_t at = c; at < end; at += channels) {
      sums = vaddq_s32(sums, vldrbq_z_s32(&x[at], there));
    }
    const int32x4_t scaled = anyecg_rescaled_all(sums, rescale.multiplier, rescale.shift);
    vstrbq_p_s32(&y[c], anyecg_within_all(scaled, anyecg_limits(range)), there);
  }
}

void anyecg_max(const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
                anyecg_range_t range) {
  const uint32_t end = (uint32_t)size * channels;
  for (uint32_t p = 0; p < width_out; p++) {
    for (uint32_t c = 0; c < channels; c += BYTES) {
      const mve_pred16_t there = vctp8q(channels - c);
      int8x16_t most = vdupq_n_s8(range.lowest);
      for (uint32_t at = c; at < end; at += channels) {
        most = vmaxq_s8(most, vldrbq_z_s8(&x[at], there));
      }
      vstrbq_p_s8(&y[c], vminq_s8(most, vdupq_n_s8(range.highest)), there);
    }
    x += (uint32_t)stride * channels;
    y += channels;
  }
}

void anyecg_table(const int8_t *x, int8_t *y, const int8_t table[256], uint32_t n) {
  for (uint32_t i = 0; i < n; i += BYTES) {
    const mve_pred16_t there = vctp8q(n - i);
    const uint8x16_t at = veorq_u8(vldrbq_z_u8((const uint8_t *)&x[i], there), vdupq_n_u8(128U));
    vstrbq_p_s8(&y[i], vldrbq_gather_offset_z_s8(table, at, there), there);
  }
}

void anyecg_mul(const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  const anyecg_limits_t limits = anyecg_limits(mul->range);
  const anyecg_rescale_t rescale = mul->rescale;
  const int32_t zero_a = mul->zero_a;
  const int32_t zero_b = mul->zero_b;
  for (uint32_t i = 0; i < n; i += LANES) {
    const mve_pred16_t there = vctp32q(n - i);
    const int32x4_t from_a = vsubq_n_s32(vldrbq_z_s32(&a[i], there), zero_a);
    const int32x4_t from_b = vsubq_n_s32(vldrbq_z_s32(&b[i], there), zero_b);
    const int32x4_t scaled = anyecg_rescaled_all(vmulq_s32(from_a, from_b), rescale.multiplier, rescale.shift);
    vstrbq_p_s32(&y[i], anyecg_within_all(scaled, limits), there);
  }
}

void anyecg_mul_rows(const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width,
                     uint16_t channels) {
  for (uint32_t p = 0; p < width; p++) {
    anyecg_mul(mul, a, row, y, channels);
    a += channels;
    y += channels;
  }
}

void anyecg_add(const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  const anyecg_limits_t limits = anyecg_limits(add->range);
  const anyecg_rescale_t rescale_a = add->rescale_a;
  const anyecg_rescale_t rescale_b = add->rescale_b;
  const anyecg_rescale_t rescale_sum = add->rescale_sum;
  const int32_t zero_a = add->zero_a;
  const int32_t zero_b = add->zero_b;
  for (uint32_t i = 0; i < n; i += LANES) {
    const mve_pred16_t there = vctp32q(n - i);
    const int32x4_t from_a = vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(&a[i], there), zero_a), 20);
    const int32x4_t from_b = vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(&b[i], there), zero_b), 20);
    const int32x4_t sum = vaddq_s32(anyecg_rescaled_all(from_a, rescale_a.multiplier, rescale_a.shift),
                                    anyecg_rescaled_all(from_b, rescale_b.multiplier, rescale_b.shift));
    const int32x4_t scaled = anyecg_rescaled_all(sum, rescale_sum.multiplier, rescale_sum.shift);
    vstrbq_p_s32(&y[i], anyecg_within_all(scaled, limits), there);
  }
}

#endif
