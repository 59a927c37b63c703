#include "kernels/avx2.h"
#include "kernels.h"
/* The generic kernels over that set's registers. */
#include "kernels/dots.h"
#include "kernels/exact.h"
#include "kernels/fuse.h"

extern "C" const tp_kernels *tp_kernels_avx2(void) {
  static const tp_kernels kernels = {"avx2", dots, fuse, cosines, widen, products};
  return &kernels;
}
