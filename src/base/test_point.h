#pragma once

#include <string_view>

// TEST_POINT("store.before_commit"): a named place where a crash test ends the process, to see what
// a restart makes of it. Does nothing unless the environment variable MOAT_TEST_POINT is
// "NAME" or "NAME:K"; then the process kills itself with SIGKILL the K-th time it passes.
// Threads: any. Cost: a load and a branch.
namespace moat {

void test_point(std::string_view name);

}  // namespace moat

#define TEST_POINT(name) ::moat::test_point(name)
