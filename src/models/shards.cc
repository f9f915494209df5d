#include "models/shards.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::models {
namespace {

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Status check_part(const WeightFile& file, const WeightFile& first) {
    const ModelFacts& facts = file.facts;
    if (facts.split_count != first.facts.split_count) {
        return wrong(fmt::format(
            "{} is one of {} parts of a model, {} one of {}: give the parts of one model only",
            first.name,
            first.facts.split_count,
            file.name,
            facts.split_count
        ));
    }
    if (facts.split_number < 0 || facts.split_number >= facts.split_count) {
        return wrong(fmt::format(
            "{} is damaged: it says it is part {} of {}",
            file.name,
            facts.split_number + 1,
            facts.split_count
        ));
    }
    return Ok{};
}

// Parts 1 to N of N, each once; `files` are sorted.
Status check_complete(const std::vector<WeightFile>& files) {
    const auto count = files.front().facts.split_count;
    for (std::size_t i = 0; i + 1 < files.size(); ++i) {
        if (files[i].facts.split_number != files[i + 1].facts.split_number) continue;
        return wrong(fmt::format(
            "part {} of {} of the model was given twice: {} and {}",
            files[i].facts.split_number + 1,
            count,
            files[i].name,
            files[i + 1].name
        ));
    }
    std::string missing;
    for (std::int64_t part = 0; part < count; ++part) {
        const bool there = std::ranges::any_of(files, [part](const WeightFile& file) {
            return file.facts.split_number == part;
        });
        if (there) continue;
        if (missing.size() > 60) {
            missing += ", ...";
            break;
        }
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", part + 1);
    }
    if (missing.empty()) return Ok{};
    return wrong(fmt::format(
        "{} is one of {} parts of a model; missing: {}. Give all of them, one FROM line each",
        files.front().name,
        count,
        missing
    ));
}

Status check_tensors(const std::vector<WeightFile>& files) {
    const std::int64_t expected = files.front().facts.split_tensors;
    std::int64_t found = 0;
    for (const WeightFile& file : files)
        found += file.facts.tensors;
    if (expected == 0 || expected == found) return Ok{};
    return wrong(fmt::format(
        "the parts hold {} tensors together, the model has {}: they are not parts of one model",
        found,
        expected
    ));
}

}  // namespace

Status order_shards(std::vector<WeightFile>& files) {
    if (files.empty()) return Ok{};
    const bool whole = std::ranges::all_of(files, [](const WeightFile& file) {
        return file.facts.split_count <= 1;
    });
    if (whole) {
        if (files.size() > 1) return wrong("only one model file can be given");
        return Ok{};
    }
    const auto part = std::ranges::find_if(files, [](const WeightFile& file) {
        return file.facts.split_count > 1;
    });
    for (const WeightFile& file : files)
        TRY(check_part(file, *part));
    std::ranges::sort(files, {}, [](const WeightFile& file) { return file.facts.split_number; });
    TRY(check_complete(files));
    return check_tensors(files);
}

}  // namespace moat::models
