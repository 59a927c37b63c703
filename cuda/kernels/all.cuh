/* Every shipped kernel. */
#ifndef TRIPTYCH_CUDA_ALL_CUH
#define TRIPTYCH_CUDA_ALL_CUH

#include "exact-dot.cuh"
#include "flat-scan.cuh"
#include "fused-score.cuh"
#include "gather-dot.cuh"
#include "gram.cuh"
#include "hard-mask.cuh"
#include "top-rows.cuh"

#endif
