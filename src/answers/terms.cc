#include "answers/terms.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "answers/scripts.h"

namespace moat::answers {
namespace {

// English words that ask, point or join.
constexpr std::string_view kEmptyWords =
    " a an the is are was were be been being am do does did done have has had having of in on at "
    "to for from by with about as into than then that this these those it its and or but if so not "
    "no nor can could may might must shall should will would what which who whom whose when where "
    "why how many much there their they them he she his her him we our us you your i my me any "
    "some all more most other such only own same very too also just now between during after "
    "before above below up down out over under again both each few s t d ll m o re ve get give "
    "tell please name called ";

// Chinese words that ask, point or join, longest first.
constexpr std::array<std::string_view, 62> kEmptyChinese{
    "为什么", "是多少", "有多少", "什么", "怎么", "怎样", "如何", "哪些", "哪个", "哪里", "哪儿",
    "哪年",   "哪一",   "多少",   "几个", "为何", "是否", "请问", "是谁", "时候", "可以", "能够",
    "应该",   "需要",   "关于",   "以及", "的",   "了",   "是",   "在",   "和",   "与",   "及",
    "或",     "有",     "被",     "把",   "对",   "为",   "于",   "从",   "到",   "也",   "都",
    "就",     "而",     "其",     "这",   "那",   "之",   "我",   "你",   "他",   "她",   "它",
    "们",     "吗",     "呢",     "吧",   "谁",   "几",   "哪",
};

bool is_empty_word(std::string_view word) {
    std::string padded = " ";
    padded += word;
    padded += ' ';
    return kEmptyWords.find(padded) != std::string_view::npos;
}

std::string stem(std::string word) {
    constexpr std::array<std::string_view, 8> kEndings{
        "ings",
        "ing",
        "edly",
        "ies",
        "ed",
        "es",
        "ly",
        "s",
    };
    for (const std::string_view ending : kEndings) {
        if (!word.ends_with(ending) || word.size() < ending.size() + 3) continue;
        word.resize(word.size() - ending.size());
        return word;
    }
    return word;
}

std::size_t empty_chinese_at(std::string_view text) {
    for (const std::string_view word : kEmptyChinese)
        if (text.starts_with(word)) return word.size();
    return 0;
}

// Collects the terms of one text.
class Collector {
  public:
    explicit Collector(bool question) : question_(question) {}

    std::vector<std::string> run(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            const Character c = character_at(text, at);
            if (const std::size_t skip =
                    c.cjk && question_ ? empty_chinese_at(text.substr(at)) : 0) {
                end_word();
                end_run();
                at += skip;
                continue;
            }
            take(c, text.substr(at, c.bytes));
            at += c.bytes;
        }
        end_word();
        end_run();
        return std::move(terms_);
    }

  private:
    void take(const Character& c, std::string_view text) {
        if (c.cjk) {
            end_word();
            if (!last_.empty()) terms_.push_back(last_ + std::string(text));
            alone_ = last_.empty();
            last_ = text;
            return;
        }
        end_run();
        if (c.word)
            word_ += c.bytes == 1 ? std::string(1, lower(text[0])) : std::string(text);
        else
            end_word();
    }

    static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

    void end_word() {
        if (!word_.empty() && !is_empty_word(word_)) terms_.push_back(stem(std::move(word_)));
        word_.clear();
    }
    void end_run() {
        // A lone character of a question means something ("谁 买 票"); in a text the pairs do.
        if (!last_.empty() && alone_) terms_.push_back(last_);
        last_.clear();
        alone_ = false;
    }

    const bool question_;
    std::vector<std::string> terms_;
    std::string word_;
    std::string last_;    // the CJK character before
    bool alone_ = false;  // and nothing of its run before it
};

}  // namespace

std::vector<std::string> question_terms(std::string_view question) {
    std::vector<std::string> terms = Collector(true).run(question);
    TermSet seen;
    std::erase_if(terms, [&](const std::string& term) { return !seen.insert(term).second; });
    return terms;
}

TermSet text_terms(std::string_view text) {
    const std::vector<std::string> terms = Collector(false).run(text);
    TermSet set(terms.begin(), terms.end());
    // Single characters too, for the lone ones of questions.
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        if (c.cjk) set.emplace(text.substr(at, c.bytes));
        at += c.bytes;
    }
    return set;
}

double coverage(const std::vector<std::string>& question, const TermSet& text) {
    if (question.empty()) return 0;
    const auto held =
        std::ranges::count_if(question, [&](const auto& term) { return text.contains(term); });
    return static_cast<double>(held) / static_cast<double>(question.size());
}

}  // namespace moat::answers
