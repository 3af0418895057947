/* The network on its own, without the preprocessing: for proofs. anyecg_model.h is what a firmware uses. */
#ifndef ANYECG_INTERNAL_H
#define ANYECG_INTERNAL_H

#include <stdint.h>

/* Where the ANYECG_INPUTS int8 values of the network's input go. */
int8_t *anyecg_input(void);

/* Runs the network, which uses the input up; ANYECG_OUTPUTS values, good until the memory is written again. */
const int8_t *anyecg_infer(void);

#endif
