/* Runs kernels on cases read from stdin, writes the memory they worked in to stdout.
 *
 * A case is 24 words, little endian (see `words` in tests/emulated/cases.py), then the memory, then second input,
 * weights, biases, multipliers, shifts. The whole memory is written, so that what a kernel must leave alone is compared
 * too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anyecg_kernels.h"

#define MOST_BYTES 65536
#define MOST_CHANNELS 512

enum { CONV, DEPTHWISE, MEAN, MAX, TABLE, MUL, MUL_ROWS, ADD };

typedef struct {
  uint32_t kind;
  int32_t size, second, weights, channels; /* bytes of memory, of the second input, of the weights; rescalings */
  int32_t x, y;                            /* where they begin in memory */
  int32_t width, channels_in, channels_out, groups, kernel, stride;
  int32_t zero, lowest, highest, zero_a, zero_b;
  int32_t multiplier[3], shift[3];
} case_t;

static int8_t memory[MOST_BYTES] __attribute__((aligned(8)));
static int8_t second[MOST_BYTES];
static int8_t weights[MOST_BYTES];
static int32_t bias[MOST_CHANNELS];
static int32_t multiplier[MOST_CHANNELS];
static int8_t shift[MOST_CHANNELS];
static int16_t scratch[MOST_BYTES / 2] __attribute__((aligned(8)));

static void take(void *to, size_t size) {
  if (fread(to, 1, size, stdin) != size) {
    exit(2);
  }
}

static void work(const case_t *c) {
  const anyecg_range_t range = {(int16_t)c->zero, (int8_t)c->lowest, (int8_t)c->highest};
  const anyecg_rescale_t rescale = {c->multiplier[0], c->shift[0]};
  const anyecg_conv_t conv = {
    weights, bias, multiplier, shift,
    (uint16_t)c->width, (uint16_t)c->channels_in, (uint16_t)c->channels_out, (uint16_t)c->groups,
    (uint8_t)c->kernel, (uint8_t)c->stride, range,
  };
  const anyecg_mul_t mul = {(int16_t)c->zero_a, (int16_t)c->zero_b, rescale, range};
  const anyecg_add_t add = {
    (int16_t)c->zero_a, (int16_t)c->zero_b, rescale,
    {c->multiplier[1], c->shift[1]}, {c->multiplier[2], c->shift[2]}, range,
  };
  const int8_t *const x = &memory[c->x];
  int8_t *const y = &memory[c->y];
  const uint16_t width = (uint16_t)c->width;
  const uint16_t channels = (uint16_t)c->channels_in;
  switch (c->kind) {
    case CONV:
      anyecg_conv(&conv, x, y, scratch);
      break;
    case DEPTHWISE:
      anyecg_depthwise(&conv, x, y);
      break;
    case MEAN:
      anyecg_mean(x, y, width, channels, c->zero_a, rescale, range);
      break;
    case MAX:
      anyecg_max(x, y, width, channels, (uint8_t)c->kernel, (uint8_t)c->stride, range);
      break;
    case TABLE:
      anyecg_table(x, y, second, (uint32_t)width * channels);
      break;
    case MUL:
      anyecg_mul(&mul, x, second, y, (uint32_t)width * channels);
      break;
    case MUL_ROWS:
      anyecg_mul_rows(&mul, x, second, y, width, channels);
      break;
    default:
      anyecg_add(&add, x, second, y, (uint32_t)width * channels);
      break;
  }
}

int main(void) {
  uint32_t cases;
  take(&cases, sizeof cases);
  for (; cases > 0U; cases--) {
    case_t c;
    take(&c, sizeof c);
    take(memory, (size_t)c.size);
    take(second, (size_t)c.second);
    take(weights, (size_t)c.weights);
    take(bias, (size_t)c.channels * sizeof bias[0]);
    take(multiplier, (size_t)c.channels * sizeof multiplier[0]);
    take(shift, (size_t)c.channels);
    work(&c);
    (void)fwrite(memory, 1, (size_t)c.size, stdout);
  }
  return 0;
}
