#include "inference/placement.h"

#include <gtest/gtest.h>

namespace moat::inference {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kOfEachGpu = kGiB / 2;  // what a process takes of a card for itself

// 4 GiB of weights, 4096 tokens of 64 KiB: 0.25 GiB, work space 0.25 GiB: 4.5 GiB at least.
class PlacementTest : public testing::Test {
  protected:
    Placement placed() const { return place(model_, cost_, memory_, rules_); }
    Placement replica(const std::vector<std::string>& used) const {
        return place_replica(model_, cost_, memory_, rules_, used);
    }
    static std::vector<std::string> names(const Placement& placement) {
        std::vector<std::string> out;
        for (const GpuShare& share : placement.gpus)
            out.push_back(share.name);
        return out;
    }
    using Names = std::vector<std::string>;

    ModelSource model_;
    ModelCost cost_{
        .file_bytes = 4 * kGiB,
        .cache_bytes_per_token = 65536,
        .trained_context = 8192,
        .layers = 40
    };
    FreeMemory memory_{.gpus = {}, .machine_bytes = 64 * kGiB};
    PlacementRules rules_{.max_slots = 4};
};

TEST_F(PlacementTest, WithoutCardsAModelGoesToTheMachinesMemory) {
    const Placement out = placed();
    EXPECT_TRUE(out.fits());
    EXPECT_TRUE(out.gpus.empty());
    EXPECT_EQ(out.machine_bytes, out.plan.needed_bytes);
    EXPECT_EQ(out.gpu_layers, -1);  // llama.cpp may know of hardware that is no card
}

TEST_F(PlacementTest, TheCardWithTheMostRoomIsTakenAlone) {
    memory_.gpus = {{"CUDA0", 8 * kGiB}, {"CUDA1", 24 * kGiB}, {"CUDA2", 12 * kGiB}};
    const Placement out = placed();
    EXPECT_EQ(names(out), Names{"CUDA1"});
    EXPECT_EQ(out.gpu_layers, -1);
    EXPECT_EQ(out.machine_bytes, 0U);
    EXPECT_EQ(out.gpus[0].bytes, out.plan.needed_bytes + kOfEachGpu);
}

TEST_F(PlacementTest, TwoCardsHoldWhatOneCannot) {
    memory_.gpus = {{"CUDA0", 4 * kGiB}, {"CUDA1", 4 * kGiB}, {"CUDA2", 4 * kGiB}};
    const Placement out = placed();
    EXPECT_EQ(names(out), (Names{"CUDA0", "CUDA1"}));
    EXPECT_EQ(out.gpu_layers, -1);
    // Half of it each.
    EXPECT_EQ(out.gpus[0].bytes, out.gpus[1].bytes);
    EXPECT_NEAR(
        static_cast<double>(out.gpus[0].bytes + out.gpus[1].bytes),
        static_cast<double>(out.plan.needed_bytes + 2 * kOfEachGpu),
        2
    );
}

// OLLAMA_SCHED_SPREAD: all cards for each model.
TEST_F(PlacementTest, SpreadTakesAllCardsThoughOneWouldDo) {
    memory_.gpus = {{"CUDA0", 24 * kGiB}, {"CUDA1", 24 * kGiB}};
    rules_.spread = true;
    EXPECT_EQ(names(placed()), (Names{"CUDA0", "CUDA1"}));
}

// OLLAMA_GPU_OVERHEAD: bytes of each card that are never used.
TEST_F(PlacementTest, TheOverheadIsTakenFromEachCard) {
    memory_.gpus = {{"CUDA0", 8 * kGiB}, {"CUDA1", 8 * kGiB}};
    EXPECT_EQ(placed().gpus.size(), 1U);
    rules_.gpu_overhead_bytes = 4 * kGiB;  // 3.5 GiB are left of each
    EXPECT_EQ(placed().gpus.size(), 2U);
    rules_.gpu_overhead_bytes = 8 * kGiB;
    EXPECT_TRUE(placed().gpus.empty());
    EXPECT_TRUE(placed().fits());
}

TEST_F(PlacementTest, WhatCardsCannotHoldIsSplitByLayers) {
    // 2.5 GiB for layers of about 4.5 GiB / 40.
    cost_.trained_context = 4096;
    rules_.max_slots = 1;
    memory_.gpus = {{"CUDA0", 3 * kGiB}};
    const Placement out = placed();
    ASSERT_TRUE(out.fits());
    EXPECT_EQ(out.plan.needed_bytes, 4 * kGiB + kGiB / 2);
    EXPECT_EQ(out.gpu_layers, 22);  // 2.5 / 4.5 x 40 = 22.2
    EXPECT_EQ(names(out), Names{"CUDA0"});
    EXPECT_EQ(out.machine_bytes, out.plan.needed_bytes - 22 * (out.plan.needed_bytes / 40));
}

TEST_F(PlacementTest, WhatFitsNowhereIsSaidSo) {
    memory_ = {.gpus = {{"CUDA0", 2 * kGiB}}, .machine_bytes = 2 * kGiB};
    EXPECT_FALSE(placed().fits());
}

TEST_F(PlacementTest, LayersAskedForGoBeforeTheArithmetic) {
    memory_.gpus = {{"CUDA0", 24 * kGiB}};
    model_.load.num_gpu = 0;
    EXPECT_TRUE(placed().gpus.empty());
    EXPECT_EQ(placed().gpu_layers, 0);
    model_.load.num_gpu = 10;
    EXPECT_EQ(placed().gpu_layers, 10);
    EXPECT_EQ(names(placed()), Names{"CUDA0"});
    EXPECT_GT(placed().machine_bytes, 3 * kGiB);  // three quarters of it
}

TEST_F(PlacementTest, TheMainCardIsTheOneAskedFor) {
    memory_.gpus = {{"CUDA0", 24 * kGiB}, {"CUDA1", 12 * kGiB}};
    model_.load.main_gpu = 1;
    EXPECT_EQ(names(placed()), Names{"CUDA1"});
}

TEST_F(PlacementTest, AReplicaNeedsACardOfItsOwnThatHoldsAllOfIt) {
    memory_.gpus = {{"CUDA0", 24 * kGiB}, {"CUDA1", 12 * kGiB}, {"CUDA2", 3 * kGiB}};
    EXPECT_EQ(names(replica({"CUDA0"})), Names{"CUDA1"});
    EXPECT_FALSE(replica({"CUDA0", "CUDA1"}).fits());
    memory_.gpus.clear();
    EXPECT_TRUE(replica({}).fits());
}

}  // namespace
}  // namespace moat::inference
