/* Many submitters, a small queue, pools that come and go: every accepted job runs once, none after the pool's
 * end. */
#include "pool.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "memory.h"
#include "quota.h"

using triptych::Memory;
using triptych::Pool;

namespace {

std::atomic<int> states{0};

struct Job {
  int runs = 0;
  std::shared_ptr<Memory> memory;
  std::atomic<bool> ended{false};
};

void *make_state() {
  states++;
  return new int(0);
}

void free_state(void *state) {
  states--;
  delete static_cast<int *>(state);
}

void run(void *data, void *state) {
  Job *job = static_cast<Job *>(data);
  ++*static_cast<int *>(state);
  job->runs++;
  /* What a job does with shared memory while others allocate, look up and free theirs. */
  if (job->memory != nullptr) {
    static_cast<char *>(job->memory->data())[0] = 1;
    if (Memory::find(job->memory->data()) == nullptr) std::abort();
  }
  job->memory.reset();
  job->ended.store(true, std::memory_order_release);
}

void check(bool holds, const char *what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

void submit_many(Pool &pool, std::vector<Job> &jobs, std::atomic<int> &accepted) {
  for (Job &job : jobs) {
    if (&job - jobs.data() == 7) job.memory = Memory::allocate(100);
    for (;;) {
      const Pool::Submitted submitted = pool.submit(&job);
      check(submitted != Pool::Submitted::no_threads, "the pool has threads");
      if (submitted == Pool::Submitted::yes) break;
      std::this_thread::yield();
    }
    accepted++;
  }
}

void round(uint32_t threads, uint32_t queue_max, int submitters) {
  std::vector<std::vector<Job>> jobs;
  for (int i = 0; i < submitters; i++) jobs.emplace_back(200);
  std::atomic<int> accepted{0};
  {
    Pool pool({make_state, free_state, run}, threads, queue_max);
    std::vector<std::thread> running;
    for (std::vector<Job> &own : jobs)
      running.emplace_back([&pool, &own, &accepted] { submit_many(pool, own, accepted); });
    for (std::thread &thread : running) thread.join();
    const triptych::PoolDepth depth = pool.depth();
    check(depth.threads == threads && depth.queued <= queue_max && depth.running <= threads,
          "the depth is sound");
    /* The pool's end waits for what is queued. */
  }
  check(accepted == submitters * 200, "all jobs were accepted");
  for (std::vector<Job> &own : jobs)
    for (Job &job : own) check(job.runs == 1 && job.ended, "every job ran once");
  check(states == 0, "every thread gave its state back");
}

}  // namespace

int main() {
  check(triptych::cpu_quota() >= 1, "there is a processor");
  { const Pool unused({make_state, free_state, run}, 4, 4); }
  for (int i = 0; i < 40; i++) round(1 + i % 4, 1 + i % 7, 1 + i % 5);
  std::printf("pool: every job ran once\n");
  return 0;
}
