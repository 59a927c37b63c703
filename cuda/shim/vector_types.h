/* CUDA's vector types with CUDA's alignments: what a 16-byte load is made of. */
#ifndef TRIPTYCH_SIMT_VECTOR_TYPES_H
#define TRIPTYCH_SIMT_VECTOR_TYPES_H

#include <stdint.h>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

#define TP_SIMT_VECTOR_2(name, element, bytes) \
  struct alignas(bytes) name {                 \
    element x, y;                              \
  };                                           \
  inline name make_##name(element x, element y) { return {x, y}; }

#define TP_SIMT_VECTOR_4(name, element, bytes) \
  struct alignas(bytes) name {                 \
    element x, y, z, w;                        \
  };                                           \
  inline name make_##name(element x, element y, element z, element w) { return {x, y, z, w}; }

TP_SIMT_VECTOR_2(char2, signed char, 2)
TP_SIMT_VECTOR_2(uchar2, unsigned char, 2)
TP_SIMT_VECTOR_2(short2, short, 4)
TP_SIMT_VECTOR_2(ushort2, unsigned short, 4)
TP_SIMT_VECTOR_2(int2, int, 8)
TP_SIMT_VECTOR_2(uint2, unsigned, 8)
TP_SIMT_VECTOR_2(float2, float, 8)
TP_SIMT_VECTOR_2(double2, double, 16)
TP_SIMT_VECTOR_2(longlong2, long long, 16)
TP_SIMT_VECTOR_2(ulonglong2, unsigned long long, 16)
TP_SIMT_VECTOR_4(char4, signed char, 4)
TP_SIMT_VECTOR_4(uchar4, unsigned char, 4)
TP_SIMT_VECTOR_4(short4, short, 8)
TP_SIMT_VECTOR_4(ushort4, unsigned short, 8)
TP_SIMT_VECTOR_4(int4, int, 16)
TP_SIMT_VECTOR_4(uint4, unsigned, 16)
TP_SIMT_VECTOR_4(float4, float, 16)

#undef TP_SIMT_VECTOR_2
#undef TP_SIMT_VECTOR_4

#endif
