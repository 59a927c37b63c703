/* The exports that work: each parses and checks what was packed into a slot's arena, then runs it. */
#ifndef TRIPTYCH_CALLS_H
#define TRIPTYCH_CALLS_H

#include "args.h"
#include "napi_setup.h"

namespace triptych {

using Info = Napi::CallbackInfo;

/* Throws what is wrong. */
inline Napi::Value fail(const Info &info, const Problem &problem) {
  throw_problem(info.Env(), problem);
  return Napi::Value();
}

Napi::Value rerank(const Info &info);
Napi::Value rerank_async(const Info &info);
Napi::Value cancel(const Info &info);
Napi::Value rescore(const Info &info);
Napi::Value gram(const Info &info);
Napi::Value scan_async(const Info &info);

}  // namespace triptych

#endif
