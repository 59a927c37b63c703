/* The shim tests itself: right kernels pass under every schedule, and each planted flaw is reported with its
 * place. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "memory.h"
#include "sample-kernels.h"

namespace {

const simt::schedule schedules[] = {{simt::thread_order::forward, 1},
                                    {simt::thread_order::backward, 2},
                                    {simt::thread_order::shuffled, 3},
                                    {simt::thread_order::shuffled, 4}};

template <class Body>
void under_every_schedule(const std::string &name, Body body) {
  for (const simt::schedule &how : schedules)
    check::run_case(name + ", schedule " + std::to_string(how.seed), [&] {
      simt::use_schedule(how);
      body();
    });
}

std::vector<float> fractions(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  for (float &value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

void dots_agree() {
  for (const uint32_t count : {1u, 31u, 33u, 200u}) {
    const uint32_t dimension = 68, stride = 80;
    const std::vector<float> rows = fractions(count * stride, 7), vector = fractions(dimension, 8);
    simt::device_array<float> device_rows("rows", rows), device_vector("vector", vector), out("out", count);
    LAUNCH(sample_dot, (count + 3) / 4, 128, nullptr, device_rows.data(), device_vector.data(), out.data(),
           count, dimension, stride);
    for (uint32_t row = 0; row < count; row++) {
      double expected = 0;
      for (uint32_t i = 0; i < dimension; i++)
        expected += static_cast<double>(rows[row * stride + i]) * static_cast<double>(vector[i]);
      CHECK(fabs(out[row] - expected) < 1e-5, "row " << row << ": " << out[row] << ", not " << expected);
    }
  }
}

template <flaw broken>
void sum_of(uint32_t count) {
  std::vector<uint32_t> values(count);
  uint32_t expected = 0;
  for (uint32_t i = 0; i < count; i++) expected += values[i] = i * 3 + 1;
  const uint32_t blocks = (count + 127) / 128;
  simt::device_array<uint32_t> in("values", values), parts("parts", blocks), out("out", 1);
  simt::device_array<uint32_t> tickets("tickets", std::vector<uint32_t>(1), simt::rights::in_out);
  LAUNCH((sample_sum<broken>), blocks, 128, nullptr, in.data(), count, parts.data(), tickets.data(),
         out.data());
  CHECK(out[0] == expected, out[0] << ", not " << expected);
}

template <flaw broken>
void diverge() {
  simt::device_array<uint32_t> out("out", 64);
  LAUNCH((sample_divergence<broken>), 1, 64, nullptr, out.data());
}

template <flaw broken>
void touch_memory() {
  std::vector<uint32_t> values(64);
  for (uint32_t i = 0; i < 64; i++) values[i] = i;
  simt::device_array<uint32_t> in("in", values), out("out", 64);
  uint32_t host[64] = {};
  const uint32_t blocks = broken == flaw::blocks_share_word ? 2 : 1;
  LAUNCH((sample_memory<broken>), blocks, 64, nullptr, broken == flaw::host_pointer ? host : in.data(), 64u,
         out.data());
  if (broken == flaw::none)
    for (uint32_t i = 0; i < 64; i++) CHECK(out[i] == (i ^ 1), "element " << i << ": " << out[i]);
}

void test_divergence() {
  using simt::breach;
  under_every_schedule("a barrier in a branch is a divergent barrier", [] {
    EXPECT_BREACH(breach::divergent_warp, "sample-kernels.h", diverge<flaw::barrier_in_branch>);
  });
  under_every_schedule("two barriers are not one", [] {
    EXPECT_BREACH(breach::divergent_barrier, "__syncthreads", diverge<flaw::two_barriers>);
  });
  under_every_schedule("a shuffle in a branch waits for ever", [] {
    EXPECT_BREACH(breach::divergent_barrier, "waits at a warp operation", diverge<flaw::shuffle_in_branch>);
  });
  under_every_schedule("a lane has to be in its own mask", [] {
    EXPECT_BREACH(breach::divergent_warp, "lacks its lane", diverge<flaw::mask_without_own_lane>);
  });
  under_every_schedule("a lane that has returned may not be in a mask", [] {
    EXPECT_BREACH(breach::divergent_warp, "has returned", diverge<flaw::mask_with_returned_lane>);
  });
  under_every_schedule("masks have to agree",
                       [] { EXPECT_BREACH(breach::divergent_warp, "mask", diverge<flaw::masks_differ>); });
  under_every_schedule("a loop of barriers ends", [] {
    EXPECT_BREACH(breach::endless, "cannot go on", diverge<flaw::barrier_for_ever>);
  });
  under_every_schedule("a barrier does not meet a vote", [] {
    EXPECT_BREACH(breach::divergent_barrier, "waits at", diverge<flaw::barrier_meets_shuffle>);
  });
}

void test_races() {
  using simt::breach;
  under_every_schedule("a dropped barrier is a race", [] {
    EXPECT_BREACH(breach::shared_race, "sums", [] { sum_of<flaw::barrier_dropped>(1000); });
  });
  under_every_schedule("a dropped __syncwarp is a race or an unwritten read", [] {
    try {
      touch_memory<flaw::syncwarp_dropped>();
      CHECK(false, "no fault");
    } catch (const simt::fault &found) {
      CHECK(found.kind == breach::shared_race || found.kind == breach::uninitialised, found.what());
    }
  });
  under_every_schedule("two blocks that write one word race", [] {
    EXPECT_BREACH(breach::global_race, "another block's", touch_memory<flaw::blocks_share_word>);
  });
  under_every_schedule("a dropped fence is a race between blocks", [] {
    EXPECT_BREACH(breach::global_race, "parts", [] { sum_of<flaw::fence_dropped>(1000); });
  });
}

void test_memory() {
  using simt::breach;
  under_every_schedule("shared memory ends where its array ends", [] {
    EXPECT_BREACH(breach::out_of_bounds, "offset 256 of shared cells (256 bytes)",
                  touch_memory<flaw::shared_index_past_end>);
  });
  under_every_schedule("unwritten shared memory is not read", [] {
    EXPECT_BREACH(breach::uninitialised, "fresh", touch_memory<flaw::shared_unwritten>);
  });
  under_every_schedule("shared memory is 48 KB",
                       [] { EXPECT_BREACH(breach::launch, "49152", touch_memory<flaw::shared_too_large>); });
  under_every_schedule("a read past the end", [] {
    EXPECT_BREACH(breach::out_of_bounds, "offset 256 of in (256 bytes)", touch_memory<flaw::read_past_end>);
  });
  under_every_schedule("a read before the begin", [] {
    EXPECT_BREACH(breach::out_of_bounds, "offset -4 of in (256 bytes)",
                  touch_memory<flaw::read_before_begin>);
  });
  under_every_schedule("a host pointer", [] {
    EXPECT_BREACH(breach::out_of_bounds, "not the device's", touch_memory<flaw::host_pointer>);
  });
  under_every_schedule("a write to an input", [] {
    EXPECT_BREACH(breach::read_only, "sample-kernels.h", touch_memory<flaw::write_to_input>);
  });
  under_every_schedule("a read of an unwritten output", [] {
    EXPECT_BREACH(breach::uninitialised, "never written", touch_memory<flaw::read_unwritten_output>);
  });
  under_every_schedule("a vector load at 4 bytes", [] {
    EXPECT_BREACH(breach::misaligned, "sample-kernels.h", touch_memory<flaw::vector_load_misaligned>);
  });
  under_every_schedule("an index outside a local array", [] {
    EXPECT_BREACH(breach::out_of_bounds, "index", touch_memory<flaw::local_index_past_end>);
  });
}

}  // namespace

int main() {
  under_every_schedule("dot products by warps", dots_agree);
  under_every_schedule("sums by blocks and a last block", [] {
    for (const uint32_t count : {1u, 127u, 128u, 129u, 5000u}) sum_of<flaw::none>(count);
  });
  under_every_schedule("memory used as it may be", touch_memory<flaw::none>);
  test_divergence();
  test_races();
  test_memory();
  check::run_case("an empty grid is refused", [] {
    EXPECT_BREACH(simt::breach::launch, "refuses a grid", [] {
      simt::device_array<uint32_t> out("out", 64);
      LAUNCH((sample_divergence<flaw::none>), 0, 64, nullptr, out.data());
    });
  });
  return check::finish();
}
