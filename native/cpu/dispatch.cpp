#include <stdio.h>
#include <string.h>

#include "backend.h"

namespace triptych {

namespace {

struct variant {
  const char *name;
  const char *needs;
  bool (*runs)();
  const tp_kernels *(*kernels)();
};

#if defined(__x86_64__)
bool has_sse2() { return true; }

/* The compiler's check covers the operating system too: whether it saves the wide registers. */
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

/* Best first. */
const variant variants[] = {
    {"avx512", "AVX-512 F, BW, DQ and VL", has_avx512, tp_kernels_avx512},
    {"avx2", "AVX2, FMA and F16C", has_avx2, tp_kernels_avx2},
    {"baseline", "SSE2", has_sse2, tp_kernels_baseline},
};
#elif defined(__aarch64__)
bool has_neon() { return true; }

const variant variants[] = {{"neon", "NEON", has_neon, tp_kernels_neon}};
#else
#error "no kernels for this processor: the addon is built for x86-64 and aarch64"
#endif

}  // namespace

const tp_kernels *find_kernels(const char *name, char *text, size_t text_bytes) {
  const bool best = name == nullptr || name[0] == '\0' || strcmp(name, "auto") == 0;
  for (const variant &variant : variants) {
    if (!best && strcmp(name, variant.name) != 0) continue;
    if (variant.runs()) return variant.kernels();
    if (best) continue;
    snprintf(text, text_bytes, "variant %s: this processor or operating system lacks %s", name,
             variant.needs);
    return nullptr;
  }
  snprintf(text, text_bytes, "variant %s: not one of this build's", best ? "auto" : name);
  return nullptr;
}

}  // namespace triptych
