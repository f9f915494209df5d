#include "adapters/llama/cell_ledger.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace moat::adapters::llama {
namespace {

// The same, in the plainest way: a cell is a number that is never used again.
struct Plain {
    std::vector<std::vector<int>> sequences;
    int next = 0;

    std::size_t used() const {
        std::set<int> all;
        for (const auto& one : sequences)
            all.insert(one.begin(), one.end());
        return all.size();
    }
    std::size_t alone(std::size_t sequence) const {
        Plain without = *this;
        without.sequences[sequence].clear();
        return used() - without.used();
    }
};

TEST(CellLedgerTest, CountsAsSetsOfCellsDo) {
    constexpr std::size_t kSequences = 5;
    CellLedger ledger(kSequences);
    Plain plain{.sequences = std::vector<std::vector<int>>(kSequences)};
    std::mt19937 random(7);
    const auto below = [&](std::size_t n) { return random() % n; };
    for (int step = 0; step < 5000; ++step) {
        const std::size_t one = below(kSequences);
        auto& cells = plain.sequences[one];
        switch (below(4)) {
            case 0:
                for (std::size_t i = below(9); i > 0; --i) {
                    ledger.append(one, 1);
                    cells.push_back(plain.next++);
                }
                break;
            case 1: {
                const std::size_t begin = below(cells.size() + 1);
                const std::size_t end = begin + below(cells.size() - begin + 1);
                ledger.remove(one, begin, end);
                cells.erase(
                    cells.begin() + static_cast<std::ptrdiff_t>(begin),
                    cells.begin() + static_cast<std::ptrdiff_t>(end)
                );
                break;
            }
            case 2: {
                const std::size_t to = below(kSequences);
                if (to == one) break;
                ledger.clear(to);
                const std::size_t count = below(cells.size() + 1);
                ledger.share(one, to, count);
                plain.sequences[to].assign(
                    cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(count)
                );
                break;
            }
            default:
                ledger.clear(one);
                cells.clear();
        }
        ASSERT_EQ(ledger.used(), plain.used());
        for (std::size_t i = 0; i < kSequences; ++i) {
            ASSERT_EQ(ledger.length(i), plain.sequences[i].size());
            ASSERT_EQ(ledger.alone(i), plain.alone(i));
        }
    }
}

}  // namespace
}  // namespace moat::adapters::llama
