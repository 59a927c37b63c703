/*
 * The addon's own threads: a fixed number, one bounded queue, first come first served. Never libuv's, whose
 * threads files, names and cryptography wait for. Knows nothing of JavaScript, so it is tested alone
 * (native/test/pool_test.cc).
 */
#ifndef TRIPTYCH_POOL_H
#define TRIPTYCH_POOL_H

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace triptych {

/* What a thread does and has. `state` is the thread's own, made at its start. */
struct PoolWork {
  void *(*make_state)();
  void (*free_state)(void *state);
  void (*run)(void *job, void *state);
};

struct PoolDepth {
  uint32_t threads;
  uint32_t queued;
  uint32_t running;
};

class Pool {
 public:
  Pool(const PoolWork &work, uint32_t threads, uint32_t queue_max);
  /* Runs what is queued, then ends the threads. */
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  enum class Submitted { yes, full, no_threads };
  /* Allocates nothing but at the first call, which starts the threads. */
  Submitted submit(void *job);
  PoolDepth depth();

 private:
  bool start();
  void serve();

  const PoolWork work_;
  const uint32_t wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  /* A ring: queued_ jobs from first_ on. */
  std::vector<void *> queue_;
  uint32_t first_ = 0;
  uint32_t queued_ = 0;
  uint32_t running_ = 0;
  bool started_ = false;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace triptych

#endif
