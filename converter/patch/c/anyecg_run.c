/* Windows in on stdin, outputs out on stdout, for proofs and for a simulated patch.
 *
 * Each request is one byte and what it speaks of; each is answered, and flushed, before the next is read:
 *   'i' and ANYECG_INPUTS int8: the network's input -> ANYECG_OUTPUTS int8
 *   'w' and ANYECG_WINDOW_SAMPLES int32: device counts -> ANYECG_OUTPUTS int8
 *   'p' and the same counts -> ANYECG_INPUTS int8: what the preprocessing makes of them
 *   't' -> one uint32: outputs that differ in the self-test
 *   's' -> four uint32: ANYECG_INPUTS, ANYECG_OUTPUTS, ANYECG_WINDOW_SAMPLES (0 without preprocessing), RAM in bytes
 * Numbers are as the machine keeps them: little-endian on every machine this is built for. The end of stdin ends it;
 * it exits with 2 at an unknown request, or where stdin ends within one.
 */
#include <stdio.h>

#include "anyecg_internal.h"
#include "anyecg_model.h"
#if ANYECG_WINDOW_SAMPLES > 0
#include "anyecg_preprocess.h"
#endif

#define ANYECG_UNKNOWN 2

static int read_all(void *to, size_t size) {
  return fread(to, 1U, size, stdin) == size;
}

static int answer(const void *from, size_t size) {
  return (fwrite(from, 1U, size, stdout) == size) && (fflush(stdout) == 0);
}

static int on_input(void) {
  return read_all(anyecg_input(), ANYECG_INPUTS) && answer(anyecg_infer(), ANYECG_OUTPUTS);
}

#if ANYECG_WINDOW_SAMPLES > 0
static int on_window(void) {
  return read_all(anyecg_model_window(), ANYECG_WINDOW_SAMPLES * sizeof(int32_t)) &&
         answer(anyecg_model_run(), ANYECG_OUTPUTS);
}

static int on_preprocess(void) {
  if (!read_all(anyecg_model_window(), ANYECG_WINDOW_SAMPLES * sizeof(int32_t))) {
    return 0;
  }
  anyecg_preprocess(anyecg_model_window(), anyecg_input());
  return answer(anyecg_input(), ANYECG_INPUTS);
}
#endif

static int on_test(void) {
  const uint32_t differing = anyecg_model_self_test();
  return answer(&differing, sizeof differing);
}

static int on_sizes(void) {
  const uint32_t sizes[4] = {ANYECG_INPUTS, ANYECG_OUTPUTS, ANYECG_WINDOW_SAMPLES, ANYECG_RAM_BYTES};
  return answer(sizes, sizeof sizes);
}

static int on_request(int request) {
  switch (request) {
    case 'i':
      return on_input();
#if ANYECG_WINDOW_SAMPLES > 0
    case 'w':
      return on_window();
    case 'p':
      return on_preprocess();
#endif
    case 't':
      return on_test();
    case 's':
      return on_sizes();
    default:
      return 0;
  }
}

int main(void) {
  for (int request = getchar(); request != EOF; request = getchar()) {
    if (!on_request(request)) {
      return ANYECG_UNKNOWN;
    }
  }
  return 0;
}
