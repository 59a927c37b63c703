/* The CUDA runtime, or its stand-in on the host when TP_SIMT_SHIM is defined (shim/runtime.h). */
#ifndef TRIPTYCH_CUDA_RUNTIME_H
#define TRIPTYCH_CUDA_RUNTIME_H

#ifdef TP_SIMT_SHIM
#include "../host/runtime.h"
#else
#include <cuda_runtime.h>
#endif

#endif
