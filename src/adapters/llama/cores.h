#pragma once

// Threads: any.
namespace moat::adapters::llama {

// Physical cores this process may use: its affinity and the quota of its control group count;
// two hardware threads of one core are one. At least 1.
int usable_cores();

}  // namespace moat::adapters::llama
