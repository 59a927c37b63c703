#include "pool.h"

#include <system_error>

namespace triptych {

Pool::Pool(const PoolWork &work, uint32_t threads, uint32_t queue_max)
    : work_(work), wanted_(threads), queue_(queue_max) {}

Pool::~Pool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread &thread : threads_) thread.join();
}

Pool::Submitted Pool::submit(void *job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!started_ && !start()) return Submitted::no_threads;
    if (queued_ == queue_.size()) return Submitted::full;
    queue_[(first_ + queued_) % queue_.size()] = job;
    queued_++;
  }
  changed_.notify_one();
  return Submitted::yes;
}

PoolDepth Pool::depth() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {(uint32_t)threads_.size(), queued_, running_};
}

/* With at least one thread the pool serves; a system that refuses all of them may allow them later. */
bool Pool::start() {
  threads_.reserve(wanted_);
  try {
    while (threads_.size() < wanted_) threads_.emplace_back(&Pool::serve, this);
  } catch (const std::system_error &) {
  }
  started_ = !threads_.empty();
  return started_;
}

void Pool::serve() {
  void *state = work_.make_state();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return queued_ > 0 || ending_; });
    if (queued_ == 0) break;
    void *job = queue_[first_];
    first_ = (first_ + 1) % (uint32_t)queue_.size();
    queued_--;
    running_++;
    lock.unlock();
    work_.run(job, state);
    lock.lock();
    running_--;
  }
  lock.unlock();
  work_.free_state(state);
}

}  // namespace triptych
