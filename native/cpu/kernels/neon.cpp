#include "kernels/neon.h"
#include "kernels.h"
/* The generic kernels over that set's registers. */
#include "kernels/dots.h"
#include "kernels/exact.h"
#include "kernels/fuse.h"

extern "C" const tp_kernels *tp_kernels_neon(void) {
  static const tp_kernels kernels = {"neon", dots, fuse, cosines, widen, products};
  return &kernels;
}
