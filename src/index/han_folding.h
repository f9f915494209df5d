#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat::index {

// Traditional Chinese characters to their simplified forms, one by one, so that 數據庫 finds
// 数据库. The mapping is ICU's Traditional-Simplified transform, read into a table.
//
// Threads: any. Cost: the constructor takes about 20 ms and holds 112 kB; a look-up is one load.
class HanFolding {
  public:
    HanFolding();

    char32_t simplified(char32_t character) const {
        const auto offset = character - kFirst;
        return offset < table_.size() ? table_[offset] : character;
    }

  private:
    // Extension A to the end of the unified ideographs: all that both scripts commonly use.
    static constexpr char32_t kFirst = 0x3400;
    static constexpr char32_t kEnd = 0xA000;

    std::vector<char32_t> table_;
};

}  // namespace moat::index
