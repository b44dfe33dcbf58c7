/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One decoder, FUZZ_DECODER, for libFuzzer and AFL++, which bring the main program.
 */
#include "fuzz.h"

#define CALL_(decoder, data, size) fuzz_##decoder(data, size)
#define CALL(decoder, data, size)  CALL_(decoder, data, size)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CALL(FUZZ_DECODER, data, size);
    return 0;
}
