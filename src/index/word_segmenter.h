#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat::index {

// Cuts a run of Chinese characters into the words a reader would look for: long words and the
// words inside them ("中国科学院" gives 中国, 科学, 学院, 科学院 and itself).
//
// Threads: any. Cost: an implementation may load a dictionary on the first call.
class WordSegmenter {
  public:
    virtual ~WordSegmenter() = default;

    // Appends to `words`. `run` is UTF-8 and holds ideographs only.
    virtual void cut(std::string_view run, std::vector<std::string>& words) const = 0;
};

}  // namespace moat::index
