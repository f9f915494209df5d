#include "models/convert/weight_files.h"

#include <algorithm>

#include <fmt/format.h>

namespace moat::models {
namespace {

constexpr std::size_t kMaxTensors = 1 << 16;
constexpr std::size_t kMaxFiles = 1 << 10;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

bool by_name(const WeightFiles::Tensor& a, const WeightFiles::Tensor& b) {
    return a.head.name < b.head.name;
}

// A part that was cut off while it was downloaded may still be a file of its own.
Status check_index(const ModelFolder& folder, const std::vector<WeightFiles::Tensor>& tensors) {
    TRY_ASSIGN(const auto index, folder.json_or_empty("model.safetensors.index.json"));
    const auto* map = json::find_object(index, "weight_map");
    if (!map) return Ok{};
    for (const auto& [name, file] : *map) {
        WeightFiles::Tensor wanted;
        wanted.head.name = std::string_view(name.data(), name.size());
        if (std::ranges::binary_search(tensors, wanted, by_name)) continue;
        return wrong(fmt::format(
            "tensor {} should be in {} and is not", wanted.head.name, json::view(file.get_string())
        ));
    }
    return Ok{};
}

}  // namespace

Result<WeightFiles> WeightFiles::open(const ModelFolder& folder) {
    TRY_ASSIGN(const auto names, folder.weight_files());
    TRY_ASSIGN(auto out, open(folder, names));
    TRY(check_index(folder, out.tensors_));
    return out;
}

Result<WeightFiles> WeightFiles::open(
    const ModelFolder& folder, const std::vector<std::string>& names
) {
    if (names.size() > kMaxFiles) return wrong("the model has too many files of weights");
    WeightFiles out;
    for (const std::string& name : names) {
        TRY_ASSIGN(auto bytes, FileBytes::open(*folder.find(name), name));
        TRY_ASSIGN(auto heads, read_safetensors(bytes, name));
        for (SafeTensor& head : heads)
            out.tensors_.push_back({std::move(head), out.files_.size()});
        out.files_.push_back(std::move(bytes));
        if (out.tensors_.size() > kMaxTensors) return wrong("the model has too many tensors");
    }
    std::ranges::sort(out.tensors_, by_name);
    const auto twice = std::ranges::adjacent_find(
        out.tensors_, [](const Tensor& a, const Tensor& b) { return a.head.name == b.head.name; }
    );
    if (twice != out.tensors_.end()) {
        return wrong(fmt::format(
            "tensor {} is in two files, {} and {}: give the files of one model only",
            to_valid_utf8(twice->head.name),
            names[twice->file],
            names[std::next(twice)->file]
        ));
    }
    return out;
}

Status WeightFiles::read(const Tensor& tensor, std::uint64_t offset, std::span<std::byte> out)
    const {
    return files_[tensor.file].read(tensor.head.offset + offset, out);
}

}  // namespace moat::models
