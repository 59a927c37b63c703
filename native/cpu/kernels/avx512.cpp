#include "kernels/avx512.h"
#include "kernels.h"
/* The generic kernels over that set's registers. */
#include "kernels/dots.h"
#include "kernels/exact.h"
#include "kernels/fuse.h"

extern "C" const tp_kernels *tp_kernels_avx512(void) {
  static const tp_kernels kernels = {"avx512", dots, fuse, cosines, widen, products};
  return &kernels;
}
