#include "adapters/qpdf/pdf_file.h"

#include <exception>
#include <new>

#include <qpdf/Pipeline.hh>
#include <qpdf/QPDF.hh>
#include <qpdf/QPDFExc.hh>
#include <qpdf/QPDFOutlineDocumentHelper.hh>
#include <qpdf/QPDFPageDocumentHelper.hh>

// Compiled as C++17, see the header.
namespace moat::adapters {
namespace {

constexpr int kMaxOutlineLevel = 6;

PdfObject wrap(const QPDFObjectHandle& handle) {
    return PdfObject(std::make_shared<QPDFObjectHandle>(handle));
}

std::uint64_t id_of(const QPDFObjGen& id) {
    if (!id.isIndirect()) return 0;
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(id.getObj())) << 20U |
           static_cast<std::uint32_t>(id.getGen());
}

class BoundedSink final : public Pipeline {
  public:
    BoundedSink(std::string& out, std::size_t limit)
        : Pipeline("sink", nullptr), out_(out), limit_(limit) {}

    void write(const unsigned char* data, std::size_t size) override {
        if (size > limit_ - out_.size()) throw UnpackedTooMuch();
        out_.append(reinterpret_cast<const char*>(data), size);
    }
    void finish() override {}

  private:
    std::string& out_;
    std::size_t limit_;
};

void read_outline(
    const std::vector<QPDFOutlineObjectHelper>& entries,
    int level,
    std::size_t max_entries,
    std::vector<PdfOutlineEntry>& out
) {
    if (level > kMaxOutlineLevel) return;
    for (QPDFOutlineObjectHelper entry : entries) {
        if (out.size() >= max_entries) return;
        out.push_back({entry.getTitle(), level, id_of(entry.getDestPage().getObjGen())});
        read_outline(entry.getKids(), level + 1, max_entries, out);
    }
}

}  // namespace

bool PdfObject::is_dictionary() const {
    return handle_ && handle_->isDictionary();
}

bool PdfObject::is_array() const {
    return handle_ && handle_->isArray();
}

bool PdfObject::is_stream() const {
    return handle_ && handle_->isStream();
}

bool PdfObject::is_name() const {
    return handle_ && handle_->isName();
}

bool PdfObject::is_string() const {
    return handle_ && handle_->isString();
}

bool PdfObject::is_number() const {
    return handle_ && handle_->isNumber();
}

PdfObject PdfObject::get(const std::string& key) const {
    if (is_dictionary()) return wrap(handle_->getKey("/" + key));
    if (is_stream()) return wrap(handle_->getDict().getKey("/" + key));
    return {};
}

std::size_t PdfObject::size() const {
    return is_array() ? static_cast<std::size_t>(handle_->getArrayNItems()) : 0;
}

PdfObject PdfObject::at(std::size_t index) const {
    if (index >= size()) return {};
    return wrap(handle_->getArrayItem(static_cast<int>(index)));
}

std::string PdfObject::name() const {
    return is_name() ? handle_->getName().substr(1) : "";
}

std::string PdfObject::text() const {
    return is_string() ? handle_->getUTF8Value() : "";
}

double PdfObject::number(double fallback) const {
    return is_number() ? handle_->getNumericValue() : fallback;
}

std::uint64_t PdfObject::id() const {
    return handle_ ? id_of(handle_->getObjGen()) : 0;
}

PdfFile::PdfFile(std::string_view bytes, std::size_t max_unpacked_bytes)
    : pdf_(std::make_unique<QPDF>()), unpack_budget_(max_unpacked_bytes) {
    pdf_->setSuppressWarnings(true);
    try {
        pdf_->processMemoryFile("file", bytes.data(), bytes.size());
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const QPDFExc& error) {
        problem_ =
            error.getErrorCode() == qpdf_e_password ? Problem::needs_password : Problem::damaged;
        reason_ = error.getMessageDetail();
    } catch (const std::exception& error) {
        problem_ = Problem::damaged;
        reason_ = error.what();
    }
}

PdfFile::~PdfFile() = default;

std::vector<PdfObject> PdfFile::pages() const {
    std::vector<PdfObject> out;
    for (QPDFPageObjectHelper& page : QPDFPageDocumentHelper(*pdf_).getAllPages())
        out.push_back(wrap(page.getObjectHandle()));
    return out;
}

PdfObject PdfFile::trailer() const {
    return wrap(pdf_->getTrailer());
}

PdfObject PdfFile::page_attribute(const PdfObject& page, const std::string& key) const {
    if (!page.is_dictionary()) return {};
    return wrap(QPDFPageObjectHelper(*page.handle()).getAttribute("/" + key, false));
}

// The outline only helps to tell headings: a broken one is no reason to fail.
std::vector<PdfOutlineEntry> PdfFile::outline(std::size_t max_entries) const {
    std::vector<PdfOutlineEntry> out;
    try {
        QPDFOutlineDocumentHelper outline(*pdf_);
        if (outline.hasOutlines()) read_outline(outline.getTopLevelOutlines(), 1, max_entries, out);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        out.clear();
    }
    return out;
}

std::string PdfFile::stream_data(const PdfObject& stream) {
    std::string out;
    if (!stream.is_stream()) return out;
    const std::uint64_t id = stream.id();
    const auto before = unpacked_.find(id);
    BoundedSink sink(out, before == unpacked_.end() ? unpack_budget_ : before->second);
    QPDFObjectHandle handle = *stream.handle();
    try {
        handle.pipeStreamData(&sink, 0, qpdf_dl_generalized, true, false);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        // Damaged data: what came out before the damage is text all the same.
    }
    if (before == unpacked_.end()) unpack_budget_ -= out.size();
    if (id != 0) unpacked_.emplace(id, out.size());
    return out;
}

}  // namespace moat::adapters
