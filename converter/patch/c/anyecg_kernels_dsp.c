/* The kernels with the DSP instructions of ARMv7E-M and ARMv8-M: Cortex-M4, M7, M33.
 *
 * A convolution takes four positions at once. Their windows are widened to 16 bits into the scratch memory, once for all
 * channels, so that the inner loop widens four weights with two instructions and multiplies them with 16 inputs in
 * eight. SXTB16 takes bytes 0 and 2, then 1 and 3: the scratch memory is in that order, a quad of the four positions
 * after the other: [quad][position][bytes 0 2 1 3]. Words are read where they lie, aligned or not, which these cores do
 * unless CCR.UNALIGN_TRP is set.
 */
#include "anyecg_kernels_inside.h"

#ifdef ANYECG_VARIANT_DSP

#define POSITIONS ANYECG_ROWS_AT_ONCE
#define QUAD 4U /* int8 values in a word */
#define ROWS_IN_16_BITS 255U /* whose sum of int8 values has room in int16 */

/* Four bytes, aligned or not. */
static inline uint32_t anyecg_word(const int8_t *from) {
  uint32_t word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}

static inline void anyecg_put_word(int8_t *to, uint32_t word) {
  __builtin_memcpy(to, &word, sizeof word);
}

static inline int32_t anyecg_bytes_0_2(uint32_t word) {
  int32_t pair;
  __asm("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
  return pair;
}

static inline int32_t anyecg_bytes_1_3(uint32_t word) {
  int32_t pair;
  __asm("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
  return pair;
}

static inline int32_t anyecg_pairs(int32_t a, int32_t b, int32_t sum) {
  __asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

static inline int32_t anyecg_low(int32_t a, int32_t b, int32_t sum) {
  __asm("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

static inline int32_t anyecg_high(int32_t a, int32_t b, int32_t sum) {
  __asm("smlatt %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

/* How one channel is rescaled. `doubled` is the multiplier * 2 modulo 2^32: with SMMLAR it gives the rounded high half
 * of the doubled product, which is x + x * (doubled - 2^32) / 2^32, for every multiplier of 2^30 and more. */
typedef struct {
  int32_t doubled;
  int32_t left;
  int32_t right;
} anyecg_steps_t;

static inline anyecg_steps_t anyecg_steps(int32_t multiplier, int32_t shift) {
  const anyecg_steps_t steps = {
    (int32_t)((uint32_t)multiplier << 1),
    (shift > 0) ? shift : 0,
    (shift > 0) ? 0 : -shift,
  };
  return steps;
}

/* anyecg_rescaled() + zero. The shift leaves in the carry what decides the rounding, once halves of negative values are
 * sent down by subtracting one. A shift by nothing leaves the carry of that subtraction, which undoes it. */
static inline int32_t anyecg_stepped(int32_t x, anyecg_steps_t steps, int32_t zero) {
  const int32_t shifted = (int32_t)((uint32_t)x << steps.left);
  int32_t high;
  __asm("smmlar %0, %1, %2, %1\n\t"
        "adds %0, %0, %0, asr #31\n\t"
        "asrs %0, %0, %3\n\t"
        "adc %0, %0, %4"
        : "=&r"(high)
        : "r"(shifted), "r"(steps.doubled), "r"(steps.right), "r"(zero)
        : "cc");
  return high;
}

/* To an output that uses all of int8. */
static inline int8_t anyecg_requantised(int32_t x, anyecg_steps_t steps, int32_t zero) {
  int32_t value = anyecg_stepped(x, steps, zero);
  __asm("ssat %0, #8, %0" : "+r"(value));
  return (int8_t)value;
}

/* A narrower range than int8 has, over what is written. */
__attribute__((noinline)) static void anyecg_clamp(int8_t *y, uint32_t n, anyecg_range_t range) {
  if ((range.lowest > INT8_MIN) || (range.highest < INT8_MAX)) {
    for (uint32_t i = 0; i < n; i++) {
      y[i] = anyecg_within(y[i], range);
    }
  }
}

/* Widens `n` values from the `at`-th of a window on; `to` is the window's place in the first quad. */
static void anyecg_widen(const int8_t *from, int16_t *to, uint32_t at, uint32_t n) {
  static const uint8_t order[QUAD] = {0U, 2U, 1U, 3U};
  const uint32_t end = at + n;
  while (at < end) {
    int16_t *quad = &to[(at / QUAD) * QUAD * POSITIONS];
    if (((at % QUAD) == 0U) && ((end - at) >= QUAD)) {
      do {
        const uint32_t word = anyecg_word(from);
        const int32_t pairs[2] = {anyecg_bytes_0_2(word), anyecg_bytes_1_3(word)};
        __builtin_memcpy(quad, pairs, sizeof pairs);
        quad += QUAD * POSITIONS;
        from += QUAD;
        at += QUAD;
      } while ((end - at) >= QUAD);
    } else {
      quad[order[at % QUAD]] = *from;
      from++;
      at++;
    }
  }
}

/* The windows of a group at `rows` positions; the last one stands for those that are missing. */
static void anyecg_widen_windows(const anyecg_conv_t *conv, const int8_t *x, int16_t *scratch, uint32_t rows) {
  const uint32_t channels = conv->channels_in / conv->groups;
  const uint32_t runs = (conv->groups == 1U) ? 1U : conv->kernel;
  const uint32_t length = (conv->groups == 1U) ? (channels * conv->kernel) : channels;
  for (uint32_t position = 0; position < POSITIONS; position++) {
    for (uint32_t run = 0; run < runs; run++) {
      anyecg_widen(&x[run * conv->channels_in], &scratch[position * QUAD], run * length, length);
    }
    if ((position + 1U) < rows) {
      x += conv->stride * conv->channels_in;
    }
  }
}

/* Four weights with the quads of four positions, whose sums are a to d. */
#define FOUR_WEIGHTS                  \
  "ldr %[odd], [%[w]], #4\n\t"        \
  "ldmia %[in]!, {r4, r5, r6, r8}\n\t" \
  "sxtb16 %[even], %[odd]\n\t"        \
  "sxtb16 %[odd], %[odd], ror #8\n\t" \
  "smlad %[a], r4, %[even], %[a]\n\t" \
  "smlad %[a], r5, %[odd], %[a]\n\t"  \
  "smlad %[b], r6, %[even], %[b]\n\t" \
  "smlad %[b], r8, %[odd], %[b]\n\t"  \
  "ldmia %[in]!, {r4, r5, r6, r8}\n\t" \
  "smlad %[c], r4, %[even], %[c]\n\t" \
  "smlad %[c], r5, %[odd], %[c]\n\t"  \
  "smlad %[d], r6, %[even], %[d]\n\t" \
  "smlad %[d], r8, %[odd], %[d]\n\t"

/* sums[position] = bias + the weights on the window of that position. */
static inline void anyecg_four_sums(const int16_t *in, const int8_t *w, uint32_t n, int32_t bias,
                                    int32_t sums[POSITIONS]) {
  int32_t a = bias;
  int32_t b = bias;
  int32_t c = bias;
  int32_t d = bias;
  int32_t even;
  int32_t odd;
  int32_t quads = (int32_t)(n / QUAD);
  __asm volatile(
    "tst %[quads], #1\n\t"
    "beq 1f\n\t" FOUR_WEIGHTS
    "1: subs %[quads], %[quads], #2\n\t"
    "bmi 3f\n"
    "2:\n\t" FOUR_WEIGHTS FOUR_WEIGHTS
    "subs %[quads], %[quads], #2\n\t"
    "bpl 2b\n"
    "3:"
    : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [in] "+r"(in), [w] "+r"(w), [quads] "+r"(quads),
      [even] "=&r"(even), [odd] "=&r"(odd)
    :
    : "r4", "r5", "r6", "r8", "cc", "memory");
  const uint32_t rest = n % QUAD;
  if (rest != 0U) {
    uint32_t word = (uint8_t)w[0];
    word |= (rest > 1U) ? ((uint32_t)(uint8_t)w[1] << 8) : 0U;
    word |= (rest > 2U) ? ((uint32_t)(uint8_t)w[2] << 16) : 0U;
    even = anyecg_bytes_0_2(word);
    odd = anyecg_bytes_1_3(word);
    int32_t pairs[2U * POSITIONS];
    __builtin_memcpy(pairs, in, sizeof pairs);
    a = anyecg_pairs(odd, pairs[1], anyecg_pairs(even, pairs[0], a));
    b = anyecg_pairs(odd, pairs[3], anyecg_pairs(even, pairs[2], b));
    c = anyecg_pairs(odd, pairs[5], anyecg_pairs(even, pairs[4], c));
    d = anyecg_pairs(odd, pairs[7], anyecg_pairs(even, pairs[6], d));
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/* One group's channels at four positions, whose rows of the output are `row`. */
static void anyecg_conv_group(const anyecg_conv_t *conv, uint32_t group, const int16_t *scratch,
                              int8_t *const row[POSITIONS]) {
  const uint32_t n = ((uint32_t)conv->channels_in / conv->groups) * conv->kernel;
  const uint32_t outputs = (uint32_t)conv->channels_out / conv->groups;
  const uint32_t end = (group + 1U) * outputs;
  const int32_t zero = conv->range.zero;
  const int8_t *w = &conv->weights[group * outputs * n];
  for (uint32_t c = group * outputs; c < end; c++) {
    int32_t sums[POSITIONS];
    anyecg_four_sums(scratch, w, n, conv->bias[c], sums);
    const anyecg_steps_t steps = anyecg_steps(conv->multiplier[c], conv->shift[c]);
    row[0][c] = anyecg_requantised(sums[0], steps, zero);
    row[1][c] = anyecg_requantised(sums[1], steps, zero);
    row[2][c] = anyecg_requantised(sums[2], steps, zero);
    row[3][c] = anyecg_requantised(sums[3], steps, zero);
    w += n;
  }
}

void anyecg_conv(const anyecg_conv_t *conv, const int8_t *x, int8_t *y, int16_t *scratch) {
  const uint32_t step = (uint32_t)conv->stride * conv->channels_in;
  const uint32_t per_group = (uint32_t)conv->channels_in / conv->groups;
  for (uint32_t p = 0; p < conv->width_out; p += POSITIONS) {
    const uint32_t left = conv->width_out - p;
    const uint32_t rows = (left < POSITIONS) ? left : POSITIONS;
    int8_t *row[POSITIONS];
    for (uint32_t position = 0; position < POSITIONS; position++) {
      row[position] = &y[((position < rows) ? position : (rows - 1U)) * conv->channels_out];
    }
    for (uint32_t group = 0; group < conv->groups; group++) {
      anyecg_widen_windows(conv, &x[group * per_group], scratch, rows);
      anyecg_conv_group(conv, group, scratch, row);
    }
    anyecg_clamp(y, rows * conv->channels_out, conv->range);
    x += POSITIONS * step;
    y += rows * conv->channels_out;
  }
}

/* `rows` positions of four channels of a depthwise convolution. */
static inline void anyecg_four_deep(const anyecg_conv_t *conv, uint32_t c, const int8_t *x, int8_t *y, uint32_t rows) {
  const uint32_t channels = conv->channels_in;
  const uint32_t step = (uint32_t)conv->stride * channels;
  const uint32_t end = channels * conv->kernel;
  const int8_t *const w = &conv->weights[c];
  const int32_t *const bias = &conv->bias[c];
  const int32_t zero = conv->range.zero;
  anyecg_steps_t steps[QUAD];
  for (uint32_t i = 0; i < QUAD; i++) {
    steps[i] = anyecg_steps(conv->multiplier[c + i], conv->shift[c + i]);
  }
  for (; rows > 0U; rows--) {
    int32_t sum0 = bias[0];
    int32_t sum1 = bias[1];
    int32_t sum2 = bias[2];
    int32_t sum3 = bias[3];
    for (uint32_t at = 0; at < end; at += channels) {
      const uint32_t in = anyecg_word(&x[at]);
      const uint32_t weights = anyecg_word(&w[at]);
      const int32_t in_0_2 = anyecg_bytes_0_2(in);
      const int32_t in_1_3 = anyecg_bytes_1_3(in);
      const int32_t w_0_2 = anyecg_bytes_0_2(weights);
      const int32_t w_1_3 = anyecg_bytes_1_3(weights);
      sum0 = anyecg_low(in_0_2, w_0_2, sum0);
      sum1 = anyecg_low(in_1_3, w_1_3, sum1);
      sum2 = anyecg_high(in_0_2, w_0_2, sum2);
      sum3 = anyecg_high(in_1_3, w_1_3, sum3);
    }
    y[0] = anyecg_requantised(sum0, steps[0], zero);
    y[1] = anyecg_requantised(sum1, steps[1], zero);
    y[2] = anyecg_requantised(sum2, steps[2], zero);
    y[3] = anyecg_requantised(sum3, steps[3], zero);
    x += step;
    y += channels;
  }
}

/* `rows` positions of one channel. */
static inline void anyecg_one_deep(const anyecg_conv_t *conv, uint32_t c, const int8_t *x, int8_t *y, uint32_t rows) {
  const uint32_t channels = conv->channels_in;
  const anyecg_steps_t steps = anyecg_steps(conv->multiplier[c], conv->shift[c]);
  for (uint32_t p = 0; p < rows; p++) {
    int32_t sum = conv->bias[c];
    for (uint32_t tap = 0; tap < conv->kernel; tap++) {
      sum += x[tap * channels] * conv->weights[(tap * channels) + c];
    }
    y[p * channels] = anyecg_requantised(sum, steps, conv->range.zero);
    x += (uint32_t)conv->stride * channels;
  }
}

void anyecg_depthwise(const anyecg_conv_t *conv, const int8_t *x, int8_t *y) {
  const uint32_t channels = conv->channels_in;
  for (uint32_t p = 0; p < conv->width_out; p += POSITIONS) {
    const uint32_t left = conv->width_out - p;
    const uint32_t rows = (left < POSITIONS) ? left : POSITIONS;
    uint32_t c = 0;
    for (; (c + QUAD) <= channels; c += QUAD) {
      anyecg_four_deep(conv, c, &x[c], &y[c], rows);
    }
    for (; c < channels; c++) {
      anyecg_one_deep(conv, c, &x[c], &y[c], rows);
    }
    anyecg_clamp(y, rows * channels, conv->range);
    x += POSITIONS * (uint32_t)conv->stride * channels;
    y += rows * channels;
  }
}

/* Sums of four channels over `width` rows, in 16 bits as long as these cannot overflow. */
static inline void anyecg_four_columns(const int8_t *x, uint32_t width, uint32_t channels, int32_t sums[QUAD]) {
  while (width > 0U) {
    uint32_t rows = (width < ROWS_IN_16_BITS) ? width : ROWS_IN_16_BITS;
    int32_t even = 0;
    int32_t odd = 0;
    width -= rows;
    for (; rows > 0U; rows--) {
      const uint32_t word = anyecg_word(x);
      __asm("sxtab16 %0, %0, %1" : "+r"(even) : "r"(word));
      __asm("sxtab16 %0, %0, %1, ror #8" : "+r"(odd) : "r"(word));
      x += channels;
    }
    sums[0] += (int16_t)even;
    sums[1] += (int16_t)odd;
    sums[2] += even >> 16;
    sums[3] += odd >> 16;
  }
}

void anyecg_mean(const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in,
                 anyecg_rescale_t rescale, anyecg_range_t range) {
  const int32_t offset = -zero_in * (int32_t)width;
  for (uint32_t c = 0; c < channels; c += QUAD) {
    const uint32_t left = channels - c;
    const uint32_t there = (left < QUAD) ? left : QUAD;
    int32_t sums[QUAD] = {offset, offset, offset, offset};
    if (there == QUAD) {
      anyecg_four_columns(&x[c], width, channels, sums);
    } else {
      for (uint32_t at = c; at < ((uint32_t)width * channels); at += channels) {
        for (uint32_t i = 0; i < there; i++) {
          sums[i] += x[at + i];
        }
      }
    }
    for (uint32_t i = 0; i < there; i++) {
      y[c + i] = anyecg_quantised(sums[i], rescale.multiplier, rescale.shift, range);
    }
  }
}

static inline uint32_t anyecg_larger_bytes(uint32_t a, uint32_t b) {
  uint32_t larger;
  __asm("ssub8 %0, %1, %2\n\t"
        "sel %0, %1, %2"
        : "=&r"(larger)
        : "r"(a), "r"(b)
        : "cc");
  return larger;
}

void anyecg_max(const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
                anyecg_range_t range) {
  const uint32_t end = (uint32_t)size * channels;
  for (uint32_t p = 0; p < width_out; p++) {
    uint32_t c = 0;
    for (; (c + QUAD) <= channels; c += QUAD) {
      uint32_t most = anyecg_word(&x[c]);
      for (uint32_t at = c + channels; at < end; at += channels) {
        most = anyecg_larger_bytes(most, anyecg_word(&x[at]));
      }
      anyecg_put_word(&y[c], most);
    }
    for (; c < channels; c++) {
      int8_t most = x[c];
      for (uint32_t at = c + channels; at < end; at += channels) {
        most = (x[at] > most) ? x[at] : most;
      }
      y[c] = most;
    }
    anyecg_clamp(y, channels, range);
    x += (uint32_t)stride * channels;
    y += channels;
  }
}

void anyecg_mul(const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  const anyecg_steps_t steps = anyecg_steps(mul->rescale.multiplier, mul->rescale.shift);
  const int32_t zero = mul->range.zero;
  const int32_t zero_a = mul->zero_a;
  const int32_t zero_b = mul->zero_b;
  for (uint32_t i = 0; i < n; i++) {
    y[i] = anyecg_requantised((a[i] - zero_a) * (b[i] - zero_b), steps, zero);
  }
  anyecg_clamp(y, n, mul->range);
}

void anyecg_mul_rows(const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width,
                     uint16_t channels) {
  const anyecg_steps_t steps = anyecg_steps(mul->rescale.multiplier, mul->rescale.shift);
  const uint32_t end = (uint32_t)width * channels;
  const int32_t zero = mul->range.zero;
  for (uint32_t c = 0; c < channels; c++) {
    const int32_t factor = row[c] - mul->zero_b;
    const int32_t offset = -factor * mul->zero_a;
    for (uint32_t at = c; at < end; at += channels) {
      y[at] = anyecg_requantised((a[at] * factor) + offset, steps, zero);
    }
  }
  anyecg_clamp(y, end, mul->range);
}

void anyecg_add(const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  const anyecg_steps_t of_a = anyecg_steps(add->rescale_a.multiplier, add->rescale_a.shift);
  const anyecg_steps_t of_b = anyecg_steps(add->rescale_b.multiplier, add->rescale_b.shift);
  const anyecg_steps_t of_sum = anyecg_steps(add->rescale_sum.multiplier, add->rescale_sum.shift);
  const int32_t zero = add->range.zero;
  const int32_t offset_a = -add->zero_a * (1 << 20);
  const int32_t offset_b = -add->zero_b * (1 << 20);
  for (uint32_t i = 0; i < n; i++) {
    const int32_t from_a = anyecg_stepped((a[i] * (1 << 20)) + offset_a, of_a, 0);
    const int32_t both = anyecg_stepped((b[i] * (1 << 20)) + offset_b, of_b, from_a);
    y[i] = anyecg_requantised(both, of_sum, zero);
  }
  anyecg_clamp(y, n, add->range);
}

#endif
