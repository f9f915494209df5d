#include "knowledge/originals.h"

#include "base/bytes.h"

namespace moat::knowledge {

Result<StoredDocument> Originals::add(NewDocument document, std::string_view bytes) {
    const Sha256 digest = sha256(bytes_of(bytes));
    document.sha256 = digest.hex();
    document.bytes = static_cast<std::int64_t>(bytes.size());
    const auto lock = locks_.of(document.sha256);
    TRY(contents_.put(digest, bytes));
    return catalog_.put_document(document);
}

Status Originals::collect(const std::string& sha256) {
    if (sha256.empty()) return Ok{};
    TRY_ASSIGN(const Sha256 digest, parse_sha256(sha256));
    const auto lock = locks_.of(sha256);
    TRY_ASSIGN(const bool used, catalog_.uses_content(sha256));
    return used ? Status(Ok{}) : contents_.remove(digest);
}

Status Originals::sweep() {
    return contents_.sweep([this](const std::string& hex) { return catalog_.uses_content(hex); });
}

}  // namespace moat::knowledge
