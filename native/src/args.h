/*
 * Arguments of the exports: type, length, range and detachment, each with the argument's path in what is
 * wrong. Every function answers false with `problem` set; a getter of the caller's that throws leaves its own
 * exception pending.
 */
#ifndef TRIPTYCH_ARGS_H
#define TRIPTYCH_ARGS_H

#include <cstddef>
#include <cstdint>
#include <string>

#include "napi_setup.h"
#include "problem.h"

namespace triptych {

/* Throws the problem as an Error with `code` and `path`, unless an exception is pending already. */
void throw_problem(Napi::Env env, const Problem &problem);
Napi::Value error_of(Napi::Env env, const Problem &problem);

/* A whole number 0 .. 2^32 - 1. */
bool read_u32(Napi::Value value, const char *path, uint32_t &out, Problem &problem);
/* A whole number 0 .. 2^53 - 1. */
bool read_whole(Napi::Value value, const char *path, uint64_t &out, Problem &problem);
/* At most `bytes_max` bytes of UTF-8. */
bool read_text(Napi::Value value, const char *path, size_t bytes_max, std::string &out, Problem &problem);

/* A typed array's memory and the buffer that it is in. */
struct ArrayArgument {
  void *data;
  size_t length;
  napi_value buffer;
};

/*
 * A typed array of exactly that type and at least that length, in memory of a fixed size that is not shared
 * between threads and was not given away. Elements lie at multiples of their size (V8 sees to it).
 */
bool read_array(Napi::Value value, napi_typedarray_type type, uint64_t length_min, const char *path,
                ArrayArgument &out, Problem &problem);

/* An ArrayBuffer of a fixed size that is not shared and was not given away. */
bool read_buffer(Napi::Value value, const char *path, void *&data, size_t &bytes, Problem &problem);

}  // namespace triptych

#endif
