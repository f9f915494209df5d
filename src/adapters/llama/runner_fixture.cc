#include "adapters/llama/runner_fixture.h"

namespace moat::adapters::llama {

std::unique_ptr<RunnerProcess> RunnerTest::start(const LoadCommand& load) {
    auto runner = RunnerProcess::start({MOAT_RUNNER_PROGRAM}, load, {.stall_limit = minutes(1)});
    EXPECT_TRUE(runner) << runner.error().message;
    return runner ? std::move(*runner) : nullptr;
}

}  // namespace moat::adapters::llama
