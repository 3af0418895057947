/* Runs kernels on cases read from stdin, writes the memory they worked in to stdout.
 *
 * A case is 25 words, little endian (see `words` in tests/emulated/cases.py), then the memory, then second input,
 * weights, biases, multipliers, shifts. The whole memory is written, so that what a kernel must leave alone is compared
 * too. With -DWALL=ADDRESS one of what a kernel reads, another in each case, ends where the memory protection unit lets
 * nothing be read, so that a kernel that reads past an end ends in a fault. No case at all reads there to see that it does.
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
  int32_t x_bytes;                         /* of the input, where the output lies elsewhere */
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

enum { X, SECOND, WEIGHTS, BIAS, MULTIPLIER, SHIFT, WALLED };
static uint32_t walled;

#ifdef WALL
#define MPU_CONTROL (*(volatile uint32_t *)0xE000ED94U)
#define MPU_REGION (*(volatile uint32_t *)0xE000ED98U)
#define MPU_BASE (*(volatile uint32_t *)0xE000ED9CU)
#define MPU_LIMIT (*(volatile uint32_t *)0xE000EDA0U) /* ARMv7-M: attributes and size */
#define MPU_ON 5U                                     /* the default map elsewhere */

static void build_wall(void) {
#if __ARM_ARCH >= 8
  /* No region is closed to privileged code, but where two overlap nothing may be read. */
  for (uint32_t region = 0; region < 2U; region++) {
    MPU_REGION = region;
    MPU_BASE = WALL;
    MPU_LIMIT = (WALL + 0xFFE0U) | 1U;
  }
#else
  MPU_REGION = 0U;
  MPU_BASE = WALL;
  MPU_LIMIT = (15U << 1) | 1U; /* 64 kB, no access */
#endif
  MPU_CONTROL = MPU_ON;
  __asm volatile("dsb\n isb" ::: "memory");
}

static uint8_t *volatile wall = (uint8_t *)WALL; /* not known to the compiler, which would miss an array there */

static const void *behind(uint32_t which, const void *array, size_t size) {
  void *const place = wall - size;
  return (which == walled) ? memcpy(place, array, size) : array;
}

static int look_behind(void) {
  return *(volatile uint8_t *)wall;
}
#else
static void build_wall(void) {
}

static const void *behind(uint32_t which, const void *array, size_t size) {
  (void)which;
  (void)size;
  return array;
}

static int look_behind(void) {
  return 0;
}
#endif

static void take(void *to, size_t size) {
  if (fread(to, 1, size, stdin) != size) {
    exit(2);
  }
}

static void work(const case_t *c) {
  const anyecg_range_t range = {(int16_t)c->zero, (int8_t)c->lowest, (int8_t)c->highest};
  const anyecg_rescale_t rescale = {c->multiplier[0], c->shift[0]};
  const size_t channels_bytes = (size_t)c->channels * sizeof bias[0];
  const anyecg_conv_t conv = {
    behind(WEIGHTS, weights, (size_t)c->weights), behind(BIAS, bias, channels_bytes),
    behind(MULTIPLIER, multiplier, channels_bytes), behind(SHIFT, shift, (size_t)c->channels),
    (uint16_t)c->width, (uint16_t)c->channels_in, (uint16_t)c->channels_out, (uint16_t)c->groups,
    (uint8_t)c->kernel, (uint8_t)c->stride, range,
  };
  const anyecg_mul_t mul = {(int16_t)c->zero_a, (int16_t)c->zero_b, rescale, range};
  const anyecg_add_t add = {
    (int16_t)c->zero_a, (int16_t)c->zero_b, rescale,
    {c->multiplier[1], c->shift[1]}, {c->multiplier[2], c->shift[2]}, range,
  };
  const int8_t *const x = (c->x_bytes > 0) ? behind(X, &memory[c->x], (size_t)c->x_bytes) : &memory[c->x];
  const int8_t *const b = behind(SECOND, second, (size_t)c->second);
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
      anyecg_table(x, y, b, (uint32_t)width * channels);
      break;
    case MUL:
      anyecg_mul(&mul, x, b, y, (uint32_t)width * channels);
      break;
    case MUL_ROWS:
      anyecg_mul_rows(&mul, x, b, y, width, channels);
      break;
    default:
      anyecg_add(&add, x, b, y, (uint32_t)width * channels);
      break;
  }
}

int main(void) {
  uint32_t cases;
  build_wall();
  take(&cases, sizeof cases);
  if (cases == 0U) {
    return look_behind();
  }
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
    walled = (walled + 1U) % WALLED;
    (void)fwrite(memory, 1, (size_t)c.size, stdout);
  }
  return 0;
}
