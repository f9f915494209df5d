#pragma once

#include <memory>

#include "index/word_segmenter.h"

namespace moat::adapters::jieba {

// Chinese words by cppjieba in search mode, with the dictionary that is part of the binary.
// Cost: the first cut() takes about 0.5 s and 130 MB, for the dictionary; later 6 to 9 MB/s.
// Where the dictionary cannot be loaded (no memory files), it says so once in the log, and cuts
// nothing.
std::shared_ptr<const index::WordSegmenter> make_segmenter();

}  // namespace moat::adapters::jieba
