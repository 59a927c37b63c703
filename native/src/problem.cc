#include "problem.h"

#include <cstdarg>
#include <cstdio>

namespace triptych {

bool Problem::set(const char *problem_code, const char *problem_path, const char *format, ...) {
  code = problem_code;
  std::snprintf(path, sizeof path, "%s", problem_path);
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  return false;
}

bool Problem::set_status(tp_status status, const char *problem_path, const char *reason) {
  const char *said = reason != nullptr && reason[0] != '\0' ? reason : "the backend gave no reason";
  switch (status) {
    case TP_OK:
      code = nullptr;
      return true;
    case TP_INVALID:
      return set(codes::invalid, problem_path, "%s", said);
    case TP_UNAVAILABLE:
      return set(codes::unavailable, problem_path, "%s", said);
    case TP_OUT_OF_MEMORY:
      return set(codes::out_of_memory, problem_path, "%s", said);
    case TP_LOST:
      return set(codes::lost, problem_path, "%s", said);
    case TP_CANCELLED:
      return set(codes::cancelled, problem_path, "nobody waits for the answer any more");
    case TP_TOO_LARGE:
      return set(codes::too_large, problem_path, "%s", said);
    case TP_INTERNAL:
      break;
  }
  return set(codes::internal, problem_path, "%s", said);
}

Path::Path(const char *format, ...) {
  va_list values;
  va_start(values, format);
  std::vsnprintf(text_, sizeof text_, format, values);
  va_end(values);
}

}  // namespace triptych
