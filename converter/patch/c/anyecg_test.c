/* The self-test as a program: it says what differs, and exits with 1 where something does. */
#include <stdio.h>

#include "anyecg_model.h"

int main(void) {
  const uint32_t differing = anyecg_model_self_test();
  (void)printf("%s %s: %lu of %lu values differ\n", ANYECG_PACK_NAME, ANYECG_PACK_VERSION, (unsigned long)differing,
               (unsigned long)ANYECG_SELF_TEST_VALUES);
  return (differing == 0U) ? 0 : 1;
}
