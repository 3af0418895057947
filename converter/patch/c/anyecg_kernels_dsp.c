/* Convolutions with the DSP instructions of ARMv7E-M and ARMv8-M: Cortex-M4, M7, M33.
 *
 * A convolution takes four positions at once. Their windows are widened to 16 bits into the scratch memory, once for all
 * channels, so that the inner loop widens four weights with two instructions and multiplies them with 16 inputs in
 * eight. SXTB16 takes bytes 0 and 2, then 1 and 3: the scratch memory is in that order, a quad of the four positions
 * after the other: [quad][position][bytes 0 2 1 3]. Words are read where they lie, aligned or not, which these cores do
 * unless CCR.UNALIGN_TRP is set.
 */
#include "anyecg_kernels_dsp.h"

#ifdef ANYECG_VARIANT_DSP

#define POSITIONS ANYECG_ROWS_AT_ONCE

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

#endif
