// `moat runner` alone, for tests and benchmarks of this folder.
#include "adapters/llama/runner_main.h"

int main(int argc, char** argv) {
    return moat::adapters::llama::runner_main(argc, argv);
}
