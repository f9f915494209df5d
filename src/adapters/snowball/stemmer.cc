#include "adapters/snowball/stemmer.h"

#include <mutex>
#include <vector>

#include <libstemmer.h>

#include "base/check.h"

namespace moat::adapters::snowball {
namespace {

struct Deleter {
    void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using Instance = std::unique_ptr<sb_stemmer, Deleter>;

// One of Snowball's has working memory and serves one caller at a time, so there are as many as
// callers came together.
class EnglishStemmer final : public index::Stemmer {
  public:
    void stem(std::span<std::string> words) const override {
        if (words.empty()) return;
        Instance instance = take();
        for (std::string& word : words) {
            const auto* bytes = reinterpret_cast<const sb_symbol*>(word.data());
            const sb_symbol* stem =
                sb_stemmer_stem(instance.get(), bytes, static_cast<int>(word.size()));
            CHECK(stem != nullptr);  // out of memory
            word.assign(
                reinterpret_cast<const char*>(stem),
                static_cast<std::size_t>(sb_stemmer_length(instance.get()))
            );
        }
        const std::scoped_lock lock(mutex_);
        idle_.push_back(std::move(instance));
    }

  private:
    Instance take() const {
        {
            const std::scoped_lock lock(mutex_);
            if (!idle_.empty()) {
                Instance instance = std::move(idle_.back());
                idle_.pop_back();
                return instance;
            }
        }
        Instance made(sb_stemmer_new("english", "UTF_8"));
        CHECK(made != nullptr);  // the library has the language, and memory
        return made;
    }

    mutable std::mutex mutex_;
    mutable std::vector<Instance> idle_;  // guarded by mutex_
};

}  // namespace

std::shared_ptr<const index::Stemmer> make_english_stemmer() {
    return std::make_shared<const EnglishStemmer>();
}

}  // namespace moat::adapters::snowball
