/*
 * Slots: the places that calls run in. A slot has an arena, a backend and scratch memory, and at most one
 * job. The thread of JavaScript parses and checks a call, a job runs it, the thread of JavaScript hears of
 * its end; a thread of the pool never touches a JavaScript value.
 */
#ifndef TRIPTYCH_SLOTS_H
#define TRIPTYCH_SLOTS_H

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "arena.h"
#include "backends.h"
#include "memory.h"
#include "napi_setup.h"
#include "open_table.h"
#include "pool.h"
#include "problem.h"

namespace triptych {

constexpr uint32_t slots_max = 256;

class Environment;

struct Slot {
  Environment *owner = nullptr;
  uint32_t backend = 0;
  napi_ref arena = nullptr;
  std::shared_ptr<Memory> pin;
  ArenaView view = {nullptr, 0};
  Call call;
  /* What became of the last call. */
  Problem problem;

  /* The job: from its submission until its promise is settled. */
  bool busy = false;
  volatile int32_t cancel = 0;
  std::shared_ptr<OpenTable> table;
  napi_deferred deferred = nullptr;
  /* A typed array that the job reads. */
  napi_ref borrowed = nullptr;
  Slot *next_ended = nullptr;

  /* Runs the parsed call on an instance of the slot's backend. */
  void run(Instances &instances);
};

/* What the addon has in one environment (the main thread's, or a worker's). */
class Environment {
 public:
  /* Null and a pending exception where the environment cannot be set up. */
  static Environment *make(Napi::Env env);
  static Environment &of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
  ~Environment();
  Environment(const Environment &) = delete;
  Environment &operator=(const Environment &) = delete;

  /* Joins the process's pool, which the first environment makes. */
  void start(uint32_t threads, uint32_t queue_max);
  bool register_arena(uint32_t number, Napi::ArrayBuffer buffer, void *data, size_t bytes, uint32_t backend,
                      Problem &problem);
  /* A slot that is free and whose arena is attached. */
  Slot *free_slot(uint32_t number, const char *path, Problem &problem);
  /* Null where there is no such slot. */
  Slot *slot(uint32_t number) { return number < slots_max ? slots_[number].get() : nullptr; }
  Instances &instances() { return instances_; }

  /* Queues the parsed call; the promise is settled by its end. Empty and `problem` set where it cannot be
   * queued. */
  Napi::Value submit(Slot &slot, std::shared_ptr<OpenTable> table, Napi::Value borrowed, Problem &problem);
  /* On a thread of the pool: the job has ended. */
  void ended(Slot &slot);
  uint32_t jobs() const { return jobs_; }

 private:
  explicit Environment(Napi::Env env) : env_(env) {}
  static void on_ended(napi_env env, napi_value callback, void *context, void *data);
  static void on_cleanup(void *environment);
  void settle(bool resolve);
  void release(Slot &slot);

  const Napi::Env env_;
  Instances instances_;
  std::unique_ptr<Slot> slots_[slots_max];
  napi_threadsafe_function wake_ = nullptr;
  bool in_pool_ = false;
  /* Jobs whose promise is open. */
  uint32_t jobs_ = 0;

  std::mutex mutex_;
  std::condition_variable ended_;
  /* Guarded by the mutex: jobs that have not ended, and those that have and were not settled. */
  uint32_t running_ = 0;
  Slot *first_ended_ = nullptr;
};

PoolDepth pool_depth();

}  // namespace triptych

#endif
