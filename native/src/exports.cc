/* What JavaScript can call, in the order of src/native/addon.ts (a test compares them). Rules:
 * native/README.md. */
#include <new>

#include "allocations.h"
#include "arena.h"
#include "args.h"
#include "backends.h"
#include "calls.h"
#include "device_tables.h"
#include "open_table.h"
#include "slots.h"
#include "triptych/cpu.h"

namespace triptych {

namespace {

/* start(options): {threads, queueMax} -> {abiVersion, layoutVersion}; threads 0: as many as the quota of the
 * process allows. */
Napi::Value start(const Info &info) {
  Problem problem;
  if (!info[0].IsObject()) {
    problem.set(codes::invalid, "start.args[0]", "is not an object");
    return fail(info, problem);
  }
  const Napi::Object options = info[0].As<Napi::Object>();
  uint32_t threads = 0;
  uint32_t queue_max = 0;
  if (!read_u32(options.Get("threads"), "start.args[0].threads", threads, problem) ||
      !read_u32(options.Get("queueMax"), "start.args[0].queueMax", queue_max, problem))
    return fail(info, problem);
  if (threads > 1024 || queue_max == 0 || queue_max > 65536) {
    problem.set(codes::range, "start.args[0]", "%u threads, a queue of %u: at most 1024 and 1..65536",
                threads, queue_max);
    return fail(info, problem);
  }
  Environment::of(info.Env()).start(threads, queue_max);
  Napi::Object answer = Napi::Object::New(info.Env());
  answer.Set("abiVersion", TP_ABI_VERSION);
  answer.Set("layoutVersion", layout::version);
  return answer;
}

/* backendOpen(library, variant) -> {backend, name, variant}; library '': the CPU's. */
Napi::Value backend_open(const Info &info) {
  Problem problem;
  std::string library;
  std::string variant;
  if (!read_text(info[0], "backendOpen.args[0]", 4096, library, problem) ||
      !read_text(info[1], "backendOpen.args[1]", 64, variant, problem))
    return fail(info, problem);
  const int32_t number = find_backend(library.c_str(), variant.c_str(), problem);
  if (number < 0) return fail(info, problem);
  tp_backend *instance = Environment::of(info.Env()).instances().get((uint32_t)number, problem);
  if (instance == nullptr) return fail(info, problem);
  const tp_backend_api &api = *backend_api((uint32_t)number);
  Napi::Object answer = Napi::Object::New(info.Env());
  answer.Set("backend", (uint32_t)number);
  answer.Set("name", api.name);
  answer.Set("variant", api.variant(instance));
  return answer;
}

/* allocate(bytes) -> ArrayBuffer of zeros at a multiple of 64 bytes. */
Napi::Value allocate(const Info &info) {
  Problem problem;
  uint64_t bytes = 0;
  if (!read_whole(info[0], "allocate.args[0]", bytes, problem)) return fail(info, problem);
  if (bytes == 0) return Napi::ArrayBuffer::New(info.Env(), 0);
  std::shared_ptr<Memory> memory = Memory::allocate(bytes);
  if (memory == nullptr) {
    problem.set(codes::out_of_memory, "allocate.args[0]", "there are no %llu bytes",
                (unsigned long long)bytes);
    return fail(info, problem);
  }
  auto *held = new std::shared_ptr<Memory>(memory);
  const auto release = [](napi_env, void *, void *hint) {
    delete static_cast<std::shared_ptr<Memory> *>(hint);
  };
  napi_value buffer;
  const napi_status status =
      napi_create_external_arraybuffer(info.Env(), memory->data(), bytes, release, held, &buffer);
  if (status == napi_ok) return Napi::Value(info.Env(), buffer);
  delete held;
  /* Some engines refuse memory of others' (pointer compression): theirs serves, where it lies is up to them.
   */
  return Napi::ArrayBuffer::New(info.Env(), bytes);
}

/* tableOpen(columns) -> handle */
Napi::Value table_open(const Info &info) {
  Problem problem;
  if (!info[0].IsObject()) {
    problem.set(codes::invalid, "tableOpen.args[0]", "is not an object");
    return fail(info, problem);
  }
  auto table = std::make_shared<OpenTable>(info.Env());
  if (!table->read(info[0].As<Napi::Object>(), problem)) return fail(info, problem);
  const Napi::Value handle = make_table_handle(info.Env(), std::move(table));
  if (!handle.IsEmpty()) return handle;
  problem.set(codes::out_of_memory, "tableOpen", "no handle can be made");
  return fail(info, problem);
}

/* tableClose(table): jobs that read the table end first, further calls are refused. */
Napi::Value table_close(const Info &info) {
  Problem problem;
  std::shared_ptr<OpenTable> *table = table_of(info[0], "tableClose.args[0]", problem);
  if (table == nullptr) return fail(info, problem);
  table->reset();
  return info.Env().Undefined();
}

/* arenaRegister(slot, arena, backend): calls of the slot read their requests from the buffer and run there.
 */
Napi::Value arena_register(const Info &info) {
  Problem problem;
  uint32_t slot = 0;
  uint32_t backend = 0;
  void *data = nullptr;
  size_t bytes = 0;
  if (!read_u32(info[0], "arenaRegister.args[0]", slot, problem) ||
      !read_buffer(info[1], "arenaRegister.args[1]", data, bytes, problem) ||
      !read_u32(info[2], "arenaRegister.args[2]", backend, problem))
    return fail(info, problem);
  if (reinterpret_cast<uintptr_t>(data) % 8 != 0 || bytes < layout::header_bytes || bytes > UINT32_MAX)
    problem.set(codes::invalid, "arenaRegister.args[1]",
                "%zu bytes: an arena takes %u to %u, at a multiple of 8", bytes, layout::header_bytes,
                UINT32_MAX);
  else if (!backend_exists(backend))
    problem.set(codes::range, "arenaRegister.args[2]", "there is no backend %u", backend);
  else if (Environment::of(info.Env())
               .register_arena(slot, info[1].As<Napi::ArrayBuffer>(), data, bytes, backend, problem))
    return info.Env().Undefined();
  return fail(info, problem);
}

/* stats() -> {allocations, threads, queued, running, jobs} */
Napi::Value stats(const Info &info) {
  const PoolDepth depth = pool_depth();
  Napi::Object answer = Napi::Object::New(info.Env());
  const int64_t own = allocations();
  answer.Set("allocations", own < 0 ? -1.0 : (double)own + (double)tp_cpu_allocation_count());
  answer.Set("threads", depth.threads);
  answer.Set("queued", depth.queued);
  answer.Set("running", depth.running);
  answer.Set("jobs", Environment::of(info.Env()).jobs());
  return answer;
}

using Body = Napi::Value (*)(const Info &);

/* No C++ exception crosses into JavaScript's frames. */
template <Body body>
Napi::Value guarded(const Info &info) {
  Problem problem;
  try {
    return body(info);
  } catch (const std::bad_alloc &) {
    problem.set(codes::out_of_memory, "addon", "memory ran out");
  } catch (...) {
    problem.set(codes::internal, "addon", "an unexpected C++ exception");
  }
  return fail(info, problem);
}

template <Body body>
void add(Napi::Object &exports, const char *name) {
  exports.Set(name, Napi::Function::New<guarded<body>>(exports.Env(), name));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  if (Environment::make(env) == nullptr) {
    Problem problem;
    problem.set(codes::internal, "addon", "the environment cannot be set up");
    throw_problem(env, problem);
    return exports;
  }
  add<start>(exports, "start");
  add<backend_open>(exports, "backendOpen");
  add<allocate>(exports, "allocate");
  add<table_open>(exports, "tableOpen");
  add<table_close>(exports, "tableClose");
  add<arena_register>(exports, "arenaRegister");
  add<rerank>(exports, "rerank");
  add<rerank_async>(exports, "rerankAsync");
  add<cancel>(exports, "cancel");
  add<rescore>(exports, "rescore");
  add<gram>(exports, "gram");
  add<scan_async>(exports, "scanAsync");
  add<table_sync_async>(exports, "tableSyncAsync");
  add<table_drop_async>(exports, "tableDropAsync");
  add<stats>(exports, "stats");
  return exports;
}

}  // namespace

}  // namespace triptych

static Napi::Object init_addon(Napi::Env env, Napi::Object exports) { return triptych::init(env, exports); }

NODE_API_MODULE(triptych, init_addon)
