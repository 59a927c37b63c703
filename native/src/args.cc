#include "args.h"

#include <cmath>

namespace triptych {

namespace {

const char *name_of(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
      return "Int8Array";
    case napi_uint8_array:
      return "Uint8Array";
    case napi_uint16_array:
      return "Uint16Array";
    case napi_uint32_array:
      return "Uint32Array";
    case napi_float32_array:
      return "Float32Array";
    case napi_float64_array:
      return "Float64Array";
    default:
      return "typed array";
  }
}

/* Node-API does not say whether a buffer is resizable; the property does, also where the engine has no such
 * buffers. */
bool is_resizable(Napi::Env env, napi_value buffer) {
  napi_value value;
  bool resizable = false;
  return napi_get_named_property(env, buffer, "resizable", &value) != napi_ok ||
         (napi_get_value_bool(env, value, &resizable) == napi_ok && resizable);
}

bool check_buffer(Napi::Env env, napi_value buffer, const char *path, Problem &problem) {
  bool plain = false;
  if (napi_is_arraybuffer(env, buffer, &plain) != napi_ok || !plain)
    return problem.set(codes::invalid, path, "is in shared memory");
  bool detached = true;
  if (napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok || detached)
    return problem.set(codes::detached, path, "is in memory that was given away");
  if (is_resizable(env, buffer))
    return problem.set(codes::invalid, path, "is in memory that can change its size");
  return true;
}

}  // namespace

Napi::Value error_of(Napi::Env env, const Problem &problem) {
  const std::string message = std::string(problem.path) + ": " + problem.text;
  Napi::Error error = Napi::Error::New(env, message);
  Napi::Object object = error.Value();
  object.Set("code", Napi::String::New(env, problem.code));
  object.Set("path", Napi::String::New(env, problem.path));
  return object;
}

void throw_problem(Napi::Env env, const Problem &problem) {
  if (env.IsExceptionPending()) return;
  napi_throw(env, error_of(env, problem));
}

bool read_whole(Napi::Value value, const char *path, uint64_t &out, Problem &problem) {
  if (!value.IsNumber()) return problem.set(codes::invalid, path, "is not a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 9007199254740991.0 && std::floor(number) == number))
    return problem.set(codes::range, path, "%g is not a whole number >= 0", number);
  out = (uint64_t)number;
  return true;
}

bool read_u32(Napi::Value value, const char *path, uint32_t &out, Problem &problem) {
  uint64_t whole = 0;
  if (!read_whole(value, path, whole, problem)) return false;
  if (whole > UINT32_MAX)
    return problem.set(codes::range, path, "%llu does not fit 32 bits", (unsigned long long)whole);
  out = (uint32_t)whole;
  return true;
}

bool read_text(Napi::Value value, const char *path, size_t bytes_max, std::string &out, Problem &problem) {
  if (!value.IsString()) return problem.set(codes::invalid, path, "is not a string");
  size_t bytes = 0;
  if (napi_get_value_string_utf8(value.Env(), value, nullptr, 0, &bytes) != napi_ok || bytes > bytes_max)
    return problem.set(codes::invalid, path, "has more than %zu bytes", bytes_max);
  out = value.As<Napi::String>().Utf8Value();
  if (out.find('\0') != std::string::npos) return problem.set(codes::invalid, path, "holds a zero");
  return true;
}

bool read_array(Napi::Value value, napi_typedarray_type type, uint64_t length_min, const char *path,
                ArrayArgument &out, Problem &problem) {
  const Napi::Env env = value.Env();
  napi_typedarray_type found;
  if (!value.IsTypedArray() ||
      napi_get_typedarray_info(env, value, &found, &out.length, &out.data, &out.buffer, nullptr) != napi_ok ||
      found != type)
    return problem.set(codes::invalid, path, "is not a %s", name_of(type));
  if (!check_buffer(env, out.buffer, path, problem)) return false;
  if (out.length < length_min)
    return problem.set(codes::invalid, path, "has %zu entries, needs %llu", out.length,
                       (unsigned long long)length_min);
  return true;
}

bool read_buffer(Napi::Value value, const char *path, void *&data, size_t &bytes, Problem &problem) {
  const Napi::Env env = value.Env();
  if (!value.IsArrayBuffer()) return problem.set(codes::invalid, path, "is not an ArrayBuffer");
  if (!check_buffer(env, value, path, problem)) return false;
  if (napi_get_arraybuffer_info(env, value, &data, &bytes) != napi_ok)
    return problem.set(codes::invalid, path, "cannot be read");
  return true;
}

}  // namespace triptych
