/* What CUDA's language has beside C++: warp operations, barriers, atomics, bit and conversion functions. */
#ifndef TRIPTYCH_SIMT_INTRINSICS_H
#define TRIPTYCH_SIMT_INTRINSICS_H

#include <math.h>
#include <string.h>

#include "launch.h"

#define TP_SIMT_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

namespace simt {

template <class To, class From>
inline To same_bits(From value) {
  static_assert(sizeof(To) == sizeof(From), "the same size");
  To out;
  memcpy(&out, &value, sizeof out);
  return out;
}

template <class T>
inline T shuffled(warp_operation operation, unsigned mask, T value, uint32_t argument, int width,
                  const char *file, int line) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "CUDA shuffles 4 or 8 bytes");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = warp_collective(operation, mask, bits, argument, width, file, line);
  memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
struct atomic_type_of;
template <>
struct atomic_type_of<int> {
  static constexpr atomic_type value = atomic_type::i32;
};
template <>
struct atomic_type_of<unsigned> {
  static constexpr atomic_type value = atomic_type::u32;
};
template <>
struct atomic_type_of<unsigned long long> {
  static constexpr atomic_type value = atomic_type::u64;
};
template <>
struct atomic_type_of<unsigned long> {
  static constexpr atomic_type value = atomic_type::u64;
};
template <>
struct atomic_type_of<float> {
  static constexpr atomic_type value = atomic_type::f32;
};

template <class T>
struct as_given {
  using type = T;
};

template <class T>
__attribute__((noinline)) T atomically(atomic_operation operation, T *address, T value, T compared) {
  uint64_t operand = 0, expected = 0;
  __builtin_memcpy(&operand, &value, sizeof value);
  __builtin_memcpy(&expected, &compared, sizeof compared);
  const uint64_t before = atomic_update(operation, atomic_type_of<T>::value, address, operand, expected,
                                        __builtin_return_address(0));
  T out;
  __builtin_memcpy(&out, &before, sizeof out);
  return out;
}

}  // namespace simt

inline void __syncthreads(TP_SIMT_HERE) { simt::block_barrier(0, file, line); }
inline int __syncthreads_count(int predicate, TP_SIMT_HERE) {
  return static_cast<int>(simt::block_barrier(predicate != 0, file, line));
}
inline int __syncthreads_or(int predicate, TP_SIMT_HERE) {
  return simt::block_barrier(predicate != 0, file, line) != 0;
}
inline int __syncthreads_and(int predicate, TP_SIMT_HERE) {
  return simt::block_barrier(predicate == 0, file, line) == 0;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, TP_SIMT_HERE) {
  simt::warp_collective(simt::warp_operation::synchronise, mask, 0, 0, 32, file, line);
}
inline void __threadfence() { simt::device_fence(); }
inline void __threadfence_block() {}

template <class T>
inline T __shfl_sync(unsigned mask, T value, int lane, int width = 32, TP_SIMT_HERE) {
  return simt::shuffled(simt::warp_operation::shuffle_index, mask, value, static_cast<uint32_t>(lane), width,
                        file, line);
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, TP_SIMT_HERE) {
  return simt::shuffled(simt::warp_operation::shuffle_up, mask, value, delta, width, file, line);
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, TP_SIMT_HERE) {
  return simt::shuffled(simt::warp_operation::shuffle_down, mask, value, delta, width, file, line);
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, TP_SIMT_HERE) {
  return simt::shuffled(simt::warp_operation::shuffle_xor, mask, value, static_cast<uint32_t>(lane_mask),
                        width, file, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, TP_SIMT_HERE) {
  return static_cast<unsigned>(
      simt::warp_collective(simt::warp_operation::ballot, mask, predicate != 0, 0, 32, file, line));
}
inline int __any_sync(unsigned mask, int predicate, TP_SIMT_HERE) {
  return static_cast<int>(
      simt::warp_collective(simt::warp_operation::any, mask, predicate != 0, 0, 32, file, line));
}
inline int __all_sync(unsigned mask, int predicate, TP_SIMT_HERE) {
  return static_cast<int>(
      simt::warp_collective(simt::warp_operation::all, mask, predicate != 0, 0, 32, file, line));
}
/* sm_80 and later. */
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, TP_SIMT_HERE) {
  return static_cast<unsigned>(
      simt::warp_collective(simt::warp_operation::reduce_add, mask, value, 0, 32, file, line));
}
template <class T>
inline unsigned __match_any_sync(unsigned mask, T value, TP_SIMT_HERE) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  return static_cast<unsigned>(
      simt::warp_collective(simt::warp_operation::match_any, mask, bits, 0, 32, file, line));
}

#define TP_SIMT_ATOMIC(name, operation)                                                   \
  template <class T>                                                                      \
  inline T name(T *address, typename simt::as_given<T>::type value) {                     \
    return simt::atomically<T>(simt::atomic_operation::operation, address, value, value); \
  }
TP_SIMT_ATOMIC(atomicAdd, add)
TP_SIMT_ATOMIC(atomicMax, maximum)
TP_SIMT_ATOMIC(atomicMin, minimum)
TP_SIMT_ATOMIC(atomicExch, exchange)
TP_SIMT_ATOMIC(atomicAnd, bit_and)
TP_SIMT_ATOMIC(atomicOr, bit_or)
#undef TP_SIMT_ATOMIC
template <class T>
inline T atomicCAS(T *address, typename simt::as_given<T>::type compared,
                   typename simt::as_given<T>::type value) {
  return simt::atomically<T>(simt::atomic_operation::compare_exchange, address, value, compared);
}
template <class T>
inline T atomicSub(T *address, typename simt::as_given<T>::type value) {
  return simt::atomically<T>(simt::atomic_operation::add, address, static_cast<T>(0 - value), value);
}

template <class T>
inline T __ldg(const T *address) {
  return *address;
}

inline int __popc(unsigned value) { return __builtin_popcount(value); }
inline int __popcll(unsigned long long value) { return __builtin_popcountll(value); }
inline int __clz(int value) { return value == 0 ? 32 : __builtin_clz(static_cast<unsigned>(value)); }
inline int __clzll(long long value) {
  return value == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(value));
}
inline int __ffs(int value) { return __builtin_ffs(value); }
inline int __ffsll(long long value) { return __builtin_ffsll(value); }
inline unsigned __brev(unsigned value) {
  unsigned out = 0;
  for (int bit = 0; bit < 32; bit++) out |= (value >> bit & 1u) << (31 - bit);
  return out;
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
  const unsigned shift = by & 31u;
  return shift == 0 ? high : (high << shift) | (low >> (32u - shift));
}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const uint64_t both = static_cast<uint64_t>(b) << 32 | a;
  unsigned out = 0;
  for (int i = 0; i < 4; i++) {
    const unsigned pick = selector >> (4 * i) & 0xfu;
    unsigned byte = static_cast<unsigned>(both >> (8 * (pick & 7u))) & 0xffu;
    if ((pick & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xffu : 0;
    out |= byte << (8 * i);
  }
  return out;
}
inline int __dp4a(int a, int b, int sum) {
  for (int i = 0; i < 4; i++) {
    const auto x = static_cast<signed char>(static_cast<unsigned>(a) >> (8 * i));
    const auto y = static_cast<signed char>(static_cast<unsigned>(b) >> (8 * i));
    sum += x * y;
  }
  return sum;
}

inline unsigned __float_as_uint(float value) { return simt::same_bits<unsigned>(value); }
inline int __float_as_int(float value) { return simt::same_bits<int>(value); }
inline float __uint_as_float(unsigned bits) { return simt::same_bits<float>(bits); }
inline float __int_as_float(int bits) { return simt::same_bits<float>(bits); }
inline long long __double_as_longlong(double value) { return simt::same_bits<long long>(value); }
inline double __longlong_as_double(long long bits) { return simt::same_bits<double>(bits); }
inline float __double2float_rn(double value) { return static_cast<float>(value); }
inline int __double2int_rn(double value) { return static_cast<int>(rint(value)); }
inline long long __double2ll_rn(double value) { return llrint(value); }
inline int __float2int_rn(float value) { return static_cast<int>(rintf(value)); }
inline float __int2float_rn(int value) { return static_cast<float>(value); }
inline float __uint2float_rn(unsigned value) { return static_cast<float>(value); }
inline double __ll2double_rn(long long value) { return static_cast<double>(value); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __saturatef(float value) { return value > 0 ? (value < 1 ? value : 1) : 0; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }

inline int min(int a, int b) { return a < b ? a : b; }
inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline unsigned long long min(unsigned long long a, unsigned long long b) { return a < b ? a : b; }
inline float min(float a, float b) { return fminf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
inline unsigned long long max(unsigned long long a, unsigned long long b) { return a > b ? a : b; }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

#undef TP_SIMT_HERE

#endif
