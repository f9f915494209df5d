#include "models/model_creator.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/test_point.h"
#include "models/modelfile.h"
#include "models/parameters.h"

namespace moat::models {
namespace {

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

}  // namespace

BlobPins::~BlobPins() {
    const std::lock_guard lock(shared_.write_mutex);
    release();
}

void BlobPins::pin(const Sha256& digest) {
    ++shared_.pins[digest];
    shared_.announced.erase(digest);
    digests_.push_back(digest);
}

void BlobPins::release() {
    for (const Sha256& digest : digests_) {
        const auto found = shared_.pins.find(digest);
        if (found != shared_.pins.end() && --found->second == 0) shared_.pins.erase(found);
    }
    digests_.clear();
}

Status ModelCreator::run() {
    const auto name = parse_model_name(request_.name);
    if (!name) return wrong("invalid model name");
    TRY(check_texts());
    TRY(store_.check_no_alias(*name));
    Status made = make(*name);
    if (made) return Ok{};
    // What was uploaded or made for this model serves no other: nothing is left behind.
    const std::lock_guard lock(store_.shared_->write_mutex);
    const std::vector<Sha256> blobs = pins_.digests();
    pins_.release();
    store_.remove_unused(blobs);
    return made;
}

Status ModelCreator::make(const ModelName& name) {
    if (!request_.from.empty()) {
        TRY(take_base());
    } else if (!request_.files.empty() || !request_.links.empty()) {
        TRY(take_files());
    } else {
        return wrong("neither 'from' or 'files' was specified");
    }
    TRY(take_adapters());
    TRY(take_drafts());
    TRY(quantize());

    const std::lock_guard lock(store_.shared_->write_mutex);
    TRY(add_texts());
    TRY(add_parameters());
    TRY(add_messages());
    TRY(add_info());
    TEST_POINT("models.before_manifest");
    return finish(name);
}

Status ModelCreator::check_texts() const {
    if (request_.prompt_template) {
        const auto parsed = PromptTemplate::parse(*request_.prompt_template);
        if (!parsed) return wrong("template error: " + parsed.error().message);
    }
    for (const auto& [key, value] : request_.parameters)
        TRY(check_option(key, value));
    for (const ChatMessage& message : request_.messages)
        if (message.role != "system" && message.role != "user" && message.role != "assistant")
            return wrong("message role must be one of \"system\", \"user\", or \"assistant\"");
    if (request_.required_version && !request_.required_version->empty() &&
        !is_full_version(*request_.required_version))
        return wrong("requires must be a valid semver (e.g. 0.14.0)");
    for (const std::string* type : {&request_.quantize, &request_.draft_quantize})
        if (!type->empty()) TRY(find_quantization_type(*type));
    return Ok{};
}

Status ModelCreator::take_base() {
    TRY_ASSIGN(const ModelName name, parse_model_name(request_.from));
    const auto& pull = store_.shared_->tools.pull;
    if (!store_.resolve(name) && pull) TRY(pull(who_, request_.from, progress_));
    const std::lock_guard lock(store_.shared_->write_mutex);
    const auto installed = store_.resolve(name);
    if (!installed)
        return Error{ErrorCode::not_found, fmt::format("model '{}' not found", request_.from)};
    TRY_ASSIGN(const Manifest manifest, store_.read_manifest(*installed));
    for (const Sha256& digest : manifest.digests())
        pins_.pin(digest);
    TRY_ASSIGN(const auto config, store_.read_blob(manifest.config));
    TRY_ASSIGN(config_, parse_config(config));
    layers_ = manifest.layers;
    for (Layer& layer : layers_)
        if (layer.media_type == layer_type::kModel) layer.from = installed->display();
    return Ok{};
}

Status ModelCreator::finish(const ModelName& name) {
    const ModelName target = store_.installed_name(name).value_or(name);
    const auto replaced = store_.read_manifest(target);

    const std::string config = to_json(config_, layers_);
    const Sha256 digest = sha256(bytes_of(config));
    pins_.pin(digest);
    TRY(store_.put_text(digest, config));
    const Manifest manifest{
        .config =
            {.media_type = "application/vnd.docker.container.image.v1+json",
             .digest = digest,
             .size = static_cast<std::int64_t>(config.size())},
        .layers = layers_
    };
    say("writing manifest");
    TRY(store_.write_manifest(target, to_json(manifest)));
    // What was taken and is no part of the result (the source of a quantized model) goes as well.
    std::vector<Sha256> old = pins_.digests();
    if (replaced)
        for (const Sha256& blob : replaced->digests())
            old.push_back(blob);
    pins_.release();
    store_.remove_unused(old);
    say("success");
    return Ok{};
}

}  // namespace moat::models
