#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

// Which cells of an attention cache are in use, counted as llama.cpp does it with a unified cache:
// a sequence has one cell a token, and cells of a common beginning belong to several sequences.
// llama.cpp itself does not tell. Threads: one. Cost: linear in the tokens given.
namespace moat::adapters::llama {

class CellLedger {
  public:
    explicit CellLedger(std::size_t sequences) : cells_(sequences) {}

    std::size_t used() const { return used_; }
    std::size_t length(std::size_t sequence) const { return cells_[sequence].size(); }
    // Cells that would be free if the sequence were cleared: those nobody else has.
    std::size_t alone(std::size_t sequence) const {
        std::size_t count = 0;
        for (const std::uint32_t cell : cells_[sequence])
            count += holders_[cell] == 1 ? 1U : 0U;
        return count;
    }

    void append(std::size_t sequence, std::size_t count) {
        for (; count > 0; --count)
            cells_[sequence].push_back(take_cell());
    }
    // `to`, which must be empty, gets the first `count` cells of `from` too.
    void share(std::size_t from, std::size_t to, std::size_t count) {
        CHECK(cells_[to].empty() && count <= cells_[from].size());
        for (std::size_t i = 0; i < count; ++i) {
            ++holders_[cells_[from][i]];
            cells_[to].push_back(cells_[from][i]);
        }
    }
    // Takes the cells [begin, end) away.
    void remove(std::size_t sequence, std::size_t begin, std::size_t end) {
        auto& cells = cells_[sequence];
        CHECK(begin <= end && end <= cells.size());
        for (std::size_t i = begin; i < end; ++i)
            leave(cells[i]);
        cells.erase(
            cells.begin() + static_cast<std::ptrdiff_t>(begin),
            cells.begin() + static_cast<std::ptrdiff_t>(end)
        );
    }
    void clear(std::size_t sequence) { remove(sequence, 0, length(sequence)); }

  private:
    std::uint32_t take_cell() {
        ++used_;
        if (free_.empty()) {
            holders_.push_back(1);
            return static_cast<std::uint32_t>(holders_.size() - 1);
        }
        const std::uint32_t cell = free_.back();
        free_.pop_back();
        holders_[cell] = 1;
        return cell;
    }
    void leave(std::uint32_t cell) {
        if (--holders_[cell] > 0) return;
        --used_;
        free_.push_back(cell);
    }

    std::vector<std::vector<std::uint32_t>> cells_;  // of each sequence, in order
    std::vector<std::uint16_t> holders_;             // of each cell
    std::vector<std::uint32_t> free_;
    std::size_t used_ = 0;
};

}  // namespace moat::adapters::llama
