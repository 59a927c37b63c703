#include "kernels.h"
#include "kernels/sse2.h"
/* The generic kernels over that set's registers. */
#include "kernels/dots.h"
#include "kernels/exact.h"
#include "kernels/fuse.h"

extern "C" const tp_kernels *tp_kernels_baseline(void) {
  static const tp_kernels kernels = {"baseline", dots, fuse, cosines, widen, products};
  return &kernels;
}
