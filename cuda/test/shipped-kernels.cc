/* The shipped kernels, compiled for the shim. */
#include "all.cuh"
