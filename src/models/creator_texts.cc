#include <algorithm>

#include <fmt/format.h>

#include "models/model_creator.h"
#include "models/template_detector.h"

// The part of ModelCreator that writes what is not weights: texts, parameters, messages, and what
// the config says.
namespace moat::models {
namespace {

json::Value messages_json(const std::vector<ChatMessage>& messages) {
    json::Array out;
    for (const ChatMessage& message : messages)
        out.push_back(json::Object{{"role", message.role}, {"content", message.content}});
    return out;
}

void add_detected(json::Object& parameters, const NamedTemplate& named) {
    json::Array stops;
    for (const std::string_view stop : named.stops)
        stops.push_back(json::Value(json::String(stop)));
    parameters["stop"] = std::move(stops);
    if (named.temperature >= 0) parameters["temperature"] = named.temperature;
}

Error wrong_info(std::string_view key, std::string_view type) {
    return Error{
        ErrorCode::invalid_argument, fmt::format("info field \"{}\" must be {}", key, type)
    };
}

Status read_text(const json::Object& info, std::string_view key, std::string& out) {
    const auto found = info.find(key);
    if (found == info.end() || found->value().is_null()) return Ok{};
    if (!found->value().is_string()) return wrong_info(key, "a string");
    out = json::view(found->value().get_string());
    return Ok{};
}

Status read_count(const json::Object& info, std::string_view key, int& out) {
    const auto found = info.find(key);
    if (found == info.end() || found->value().is_null()) return Ok{};
    const json::Value& value = found->value();
    if (!value.is_number()) return wrong_info(key, "a number");
    const double number = value.to_number<double>();
    if (!(number >= 0 && number <= 1e9)) return wrong_info(key, "a number from 0 to 1000000000");
    out = static_cast<int>(number);
    return Ok{};
}

Status read_texts(const json::Object& info, std::string_view key, std::vector<std::string>& out) {
    const auto found = info.find(key);
    if (found == info.end() || found->value().is_null()) return Ok{};
    const json::Value& value = found->value();
    const bool texts = value.is_array() && std::ranges::all_of(value.get_array(), [](auto& item) {
                           return item.is_string();
                       });
    if (!texts) return wrong_info(key, "a list of strings");
    out.clear();
    for (const auto& item : value.get_array())
        out.emplace_back(json::view(item.get_string()));
    return Ok{};
}

}  // namespace

void ModelCreator::replace(std::string_view media_type) {
    std::erase_if(layers_, [media_type](const Layer& layer) {
        return layer.media_type == media_type;
    });
}

Status ModelCreator::add_text(std::string_view media_type, std::string_view text) {
    const Sha256 digest = sha256(bytes_of(text));
    const bool known = store_.has_blob(digest);
    pins_.pin(digest);
    TRY(store_.put_text(digest, text));
    layers_.push_back(
        {.media_type = std::string(media_type),
         .digest = digest,
         .size = static_cast<std::int64_t>(text.size())}
    );
    say((known ? "using existing layer " : "creating new layer ") + digest_text(digest));
    return Ok{};
}

Status ModelCreator::add_texts() {
    if (request_.prompt_template) {
        replace(layer_type::kTemplate);
        replace(layer_type::kPrompt);
        if (!request_.prompt_template->empty())
            TRY(add_text(layer_type::kTemplate, *request_.prompt_template));
    }
    if (request_.system) {
        replace(layer_type::kSystem);
        if (!request_.system->empty()) TRY(add_text(layer_type::kSystem, *request_.system));
    }
    // Those of the base still hold.
    for (const std::string& license : request_.licenses)
        TRY(add_text(layer_type::kLicense, license));
    if (request_.renderer) config_.renderer = *request_.renderer;
    if (request_.parser) config_.parser = *request_.parser;
    if (request_.required_version) config_.required_version = *request_.required_version;
    return Ok{};
}

// Those of the base, or of the format a new file resembles, stay unless they are given anew.
Status ModelCreator::add_parameters() {
    json::Object joined;
    const auto base = std::ranges::find(layers_, layer_type::kParameters, &Layer::media_type);
    if (base != layers_.end()) {
        TRY_ASSIGN(const auto text, store_.read_blob(*base));
        TRY_ASSIGN(const auto value, json::read(text));
        if (value.is_object()) joined = value.get_object();
    }
    const bool own = request_.prompt_template && !request_.prompt_template->empty();
    const NamedTemplate* named = own ? nullptr : detect_template(detect_in_);
    if (named != nullptr) {
        say(fmt::format("using autodetected template {}", named->name));
        add_detected(joined, *named);
    }
    if (request_.parameters.empty() && named == nullptr) return Ok{};
    for (const auto& [key, value] : request_.parameters)
        joined[key] = value;
    replace(layer_type::kParameters);
    return add_text(layer_type::kParameters, json::write(joined));
}

Status ModelCreator::add_messages() {
    if (request_.messages.empty()) return Ok{};
    replace(layer_type::kMessages);
    return add_text(layer_type::kMessages, json::write(messages_json(request_.messages)));
}

Status ModelCreator::add_info() {
    const json::Object& info = request_.info;
    TRY(read_text(info, "model_family", config_.family));
    TRY(read_text(info, "parameter_size", config_.parameter_size));
    TRY(read_text(info, "quantization_level", config_.file_type));
    TRY(read_count(info, "context_length", config_.context_length));
    TRY(read_count(info, "embedding_length", config_.embedding_length));
    return read_texts(info, "capabilities", config_.capabilities);
}

}  // namespace moat::models
