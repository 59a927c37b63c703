/* The kernels that this machine can run; the emulated AVX-512 ones are the same source over portable
 * intrinsics. */
#ifndef TRIPTYCH_TEST_VARIANTS_H
#define TRIPTYCH_TEST_VARIANTS_H

#include <stdio.h>

#include <vector>

#include "backend.h"

#ifdef TP_TEST_EMULATED
extern "C" const tp_kernels *tp_kernels_avx512_emulated(void);
#endif

inline std::vector<const tp_kernels *> kernels_under_test() {
  std::vector<const tp_kernels *> kernels;
#ifdef TP_TEST_EMULATED
  kernels.push_back(tp_kernels_avx512_emulated());
#else
  for (const char *variant : {"baseline", "avx2", "avx512", "neon"}) {
    char reason[256] = "";
    const tp_kernels *found = triptych::find_kernels(variant, reason, sizeof reason);
    if (found != nullptr)
      kernels.push_back(found);
    else
      printf("skipped: %s\n", reason);
  }
#endif
  for (const tp_kernels *each : kernels) printf("under test: %s\n", each->name);
  return kernels;
}

#endif
