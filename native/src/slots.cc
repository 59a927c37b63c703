#include "slots.h"

#include <algorithm>

#include "args.h"
#include "quota.h"

namespace triptych {

namespace {

/* One pool for the process, there as long as an environment uses it. */
struct SharedPool {
  std::mutex mutex;
  uint32_t users = 0;
  Pool *pool = nullptr;
};

SharedPool &shared_pool() {
  static SharedPool *shared = new SharedPool;
  return *shared;
}

void *make_instances() { return new (std::nothrow) Instances; }

void free_instances(void *state) { delete static_cast<Instances *>(state); }

void run_job(void *job, void *state) {
  Slot *slot = static_cast<Slot *>(job);
  if (state == nullptr)
    slot->problem.set(codes::out_of_memory, "pool", "a thread has no memory");
  else
    slot->run(*static_cast<Instances *>(state));
  slot->owner->ended(*slot);
}

constexpr PoolWork work = {make_instances, free_instances, run_job};

void join_pool(uint32_t threads, uint32_t queue_max) {
  SharedPool &shared = shared_pool();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  if (shared.users++ > 0) return;
  const uint32_t wanted = threads > 0 ? threads : std::max(1u, cpu_quota() - 1);
  shared.pool = new Pool(work, wanted, std::max(1u, queue_max));
}

/* The last one to leave waits for the threads' end: the addon's code may be unloaded afterwards. */
void leave_pool() {
  SharedPool &shared = shared_pool();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  if (--shared.users > 0) return;
  delete shared.pool;
  shared.pool = nullptr;
}

tp_status run_call(Call &call, const tp_backend_api &api, tp_backend *backend, tp_cancel cancel) {
  switch (call.kind) {
    case layout::kind_rerank:
      return api.rerank(backend, &call.blocks, &call.batch, &call.answer, cancel);
    case layout::kind_rescore: {
      const tp_status status = api.rescore(backend, &call.blocks, &call.requests[0], &call.batch.columns,
                                           call.selected, call.selected_count, &call.ranked);
      *call.ranked_count = call.ranked.count;
      return status;
    }
    case layout::kind_gram:
      return api.gram(backend, &call.blocks, call.batch.columns.rows, call.batch.candidate_count,
                      call.gram_out);
    default:
      return api.scan(backend, &call.blocks.resident, &call.scan, &call.hits, cancel);
  }
}

bool offers(const tp_backend_api &api, uint32_t kind) {
  switch (kind) {
    case layout::kind_rerank:
      return api.rerank != nullptr;
    case layout::kind_rescore:
      return api.rescore != nullptr;
    case layout::kind_gram:
      return api.gram != nullptr;
    default:
      return api.scan != nullptr;
  }
}

}  // namespace

PoolDepth pool_depth() {
  SharedPool &shared = shared_pool();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  return shared.pool == nullptr ? PoolDepth{0, 0, 0} : shared.pool->depth();
}

void Slot::run(Instances &instances) {
  problem.code = nullptr;
  const tp_backend_api &api = *backend_api(backend);
  if (!offers(api, call.kind)) {
    problem.set(codes::unavailable, "slot", "the library %s does not offer this call", api.name);
    return;
  }
  tp_backend *instance = instances.get(backend, problem);
  if (instance == nullptr) return;
  const tp_status status = run_call(call, api, instance, &cancel);
  if (status != TP_OK) problem.set_status(status, api.name, api.last_error(instance));
}

Environment *Environment::make(Napi::Env env) {
  std::unique_ptr<Environment> made(new Environment(env));
  const napi_value name = Napi::String::New(env, "triptych");
  /* Room without bound: what is sent is a wake-up without data, at most one per slot is under way. */
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, made.get(),
                                      on_ended, &made->wake_) != napi_ok)
    return nullptr;
  napi_unref_threadsafe_function(env, made->wake_);
  /* Runs before the hook of the thread-safe function, which was added earlier. */
  if (napi_add_env_cleanup_hook(env, on_cleanup, made.get()) != napi_ok) return nullptr;
  Environment *environment = made.release();
  env.SetInstanceData<Environment>(environment);
  return environment;
}

Environment::~Environment() = default;

void Environment::start(uint32_t threads, uint32_t queue_max) {
  if (in_pool_) return;
  join_pool(threads, queue_max);
  in_pool_ = true;
}

void Environment::release(Slot &slot) {
  if (slot.borrowed != nullptr) napi_delete_reference(env_, slot.borrowed);
  slot.borrowed = nullptr;
  slot.table.reset();
  slot.busy = false;
  if (--jobs_ == 0) napi_unref_threadsafe_function(env_, wake_);
}

bool Environment::register_arena(uint32_t number, Napi::ArrayBuffer buffer, void *data, size_t bytes,
                                 uint32_t backend, Problem &problem) {
  if (number >= slots_max)
    return problem.set(codes::range, "arenaRegister.args[0]", "%u is not one of %u slots", number, slots_max);
  if (slots_[number] == nullptr) slots_[number] = std::make_unique<Slot>();
  Slot &slot = *slots_[number];
  if (slot.busy) return problem.set(codes::busy, "arenaRegister.args[0]", "a job runs in slot %u", number);
  napi_ref arena;
  if (napi_create_reference(env_, buffer, 1, &arena) != napi_ok)
    return problem.set(codes::out_of_memory, "arenaRegister.args[1]",
                       "no reference to the arena can be made");
  if (slot.arena != nullptr) napi_delete_reference(env_, slot.arena);
  slot.owner = this;
  slot.arena = arena;
  slot.pin = Memory::find(data);
  slot.view = {static_cast<uint8_t *>(data), bytes};
  slot.backend = backend;
  return true;
}

Slot *Environment::free_slot(uint32_t number, const char *path, Problem &problem) {
  Slot *found = slot(number);
  if (found == nullptr || found->arena == nullptr) {
    problem.set(codes::closed, path, "slot %u has no arena", number);
    return nullptr;
  }
  if (found->busy) {
    problem.set(codes::busy, path, "a job runs in slot %u", number);
    return nullptr;
  }
  napi_value buffer = nullptr;
  void *data = nullptr;
  size_t bytes = 0;
  if (napi_get_reference_value(env_, found->arena, &buffer) != napi_ok || buffer == nullptr ||
      napi_get_arraybuffer_info(env_, buffer, &data, &bytes) != napi_ok || data != found->view.data ||
      bytes != found->view.bytes) {
    problem.set(codes::detached, path, "the arena's memory was given away");
    return nullptr;
  }
  return found;
}

Napi::Value Environment::submit(Slot &slot, std::shared_ptr<OpenTable> table, Napi::Value borrowed,
                                Problem &problem) {
  Pool *pool = shared_pool().pool;
  if (!in_pool_ || pool == nullptr) {
    problem.set(codes::unavailable, "pool", "was not started");
    return Napi::Value();
  }
  napi_value promise = nullptr;
  if (!borrowed.IsEmpty() && napi_create_reference(env_, borrowed, 1, &slot.borrowed) != napi_ok) {
    problem.set(codes::out_of_memory, "pool", "no reference to an argument can be made");
    return Napi::Value();
  }
  if (napi_create_promise(env_, &slot.deferred, &promise) != napi_ok) {
    problem.set(codes::internal, "pool", "no promise can be made");
    return Napi::Value();
  }
  slot.table = std::move(table);
  slot.busy = true;
  slot.cancel = 0;
  if (jobs_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_++;
  }
  const Pool::Submitted submitted = pool->submit(&slot);
  if (submitted == Pool::Submitted::yes) return Napi::Value(env_, promise);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_--;
  }
  release(slot);
  if (submitted == Pool::Submitted::full)
    problem.set(codes::queue_full, "pool", "as many jobs wait as may");
  else
    problem.set(codes::unavailable, "pool", "the system gives no threads");
  /* The promise was never handed out. */
  napi_value nothing;
  napi_get_undefined(env_, &nothing);
  napi_resolve_deferred(env_, slot.deferred, nothing);
  return Napi::Value();
}

void Environment::ended(Slot &slot) {
  /* Under the lock to its end: on_cleanup, which waits for it, must not overtake the wake-up. */
  const std::lock_guard<std::mutex> lock(mutex_);
  slot.next_ended = first_ended_;
  first_ended_ = &slot;
  running_--;
  napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  ended_.notify_all();
}

void Environment::on_ended(napi_env env, napi_value, void *context, void *) {
  /* Without an environment this one is going, and on_cleanup has settled everything. */
  if (env != nullptr) static_cast<Environment *>(context)->settle(true);
}

void Environment::settle(bool resolve) {
  Slot *slot;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    slot = first_ended_;
    first_ended_ = nullptr;
  }
  while (slot != nullptr) {
    Slot *next = slot->next_ended;
    const napi_deferred deferred = slot->deferred;
    const Problem problem = slot->problem;
    release(*slot);
    if (resolve) {
      const Napi::HandleScope scope(env_);
      if (problem)
        napi_reject_deferred(env_, deferred, error_of(env_, problem));
      else
        napi_resolve_deferred(env_, deferred, env_.Undefined());
    }
    slot = next;
  }
}

void Environment::on_cleanup(void *data) {
  Environment &environment = *static_cast<Environment *>(data);
  for (std::unique_ptr<Slot> &slot : environment.slots_)
    if (slot != nullptr) __atomic_store_n(&slot->cancel, 1, __ATOMIC_RELAXED);
  {
    std::unique_lock<std::mutex> lock(environment.mutex_);
    environment.ended_.wait(lock, [&] { return environment.running_ == 0; });
  }
  environment.settle(false);
  for (std::unique_ptr<Slot> &slot : environment.slots_) {
    if (slot == nullptr) continue;
    if (slot->arena != nullptr) napi_delete_reference(environment.env_, slot->arena);
    slot->arena = nullptr;
  }
  if (environment.in_pool_) leave_pool();
  environment.in_pool_ = false;
}

}  // namespace triptych
